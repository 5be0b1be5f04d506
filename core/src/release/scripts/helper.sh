#!/bin/sh
case ${1-} in
get) ;;
list) echo '{}'; exit ;;
*) exit ;;
esac
IFS= read -r server
case $server in
CASES
*) user='' secret='' ;;
esac
if [ -z "$secret" ]; then
  echo 'credentials not found in native keychain'
  exit 1
fi
quoted() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }
printf '{"ServerURL":"%s","Username":"%s","Secret":"%s"}\n' "$server" "$(quoted "$user")" "$(quoted "$secret")"
