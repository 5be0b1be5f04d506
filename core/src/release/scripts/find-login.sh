# With what docker has logged in at a registry: FOLDER-OF-SETTINGS SERVER. Says `user:password` in base64, or ends badly.
# A helper for this registry, else one for all, else what stands in the file itself. There is no parser of JSON at hand: a
# server's name has no character that is written in another way, and neither has base64.
set -f
[ -f "$1/config.json" ] || exit 1
all=$(tr -d ' \t\r\n' <"$1/config.json")
name=$(printf '%s' "$2" | sed 's/[][\.*^$]/\\&/g')
# Behind the word: what the object of that name holds, and everything after it.
after() { printf '%s' "$all" | sed -n "s|.*\"$1\":{\(.*\)|\1|p"; }
helper=$(after credHelpers | sed 's|}.*||' | sed -n "s|.*\"$name\":\"\([^\"]*\)\".*|\1|p")
if [ -z "$helper" ]; then helper=$(printf '%s' "$all" | sed -n 's|.*"credsStore":"\([^"]*\)".*|\1|p'); fi
if [ -n "$helper" ]; then
  said=$(printf '%s' "$2" | "docker-credential-$helper" get 2>/dev/null | tr -d '\r\n') || said=
  field() {
    printf '%s' "$said" | sed -nE "s#.*\"$1\" *: *\"(([^\"\\\\]|\\\\.)*)\".*#\1#p" |
      sed 's|\\u003c|<|g; s|\\u003e|>|g; s|\\u0026|\&|g; s|\\\(.\)|\1|g'
  }
  user=$(field Username)
  secret=$(field Secret)
  # An identity token is none that a registry takes for a password.
  if [ -n "$user" ] && [ "$user" != '<token>' ] && [ -n "$secret" ]; then
    printf '%s:%s' "$user" "$secret" | base64 | tr -d '\n'
    exit
  fi
fi
auth=$(after auths | grep -o "\"$name\":{[^}]*}" | sed -n 's|.*"auth":"\([^"]*\)".*|\1|p' | head -n 1)
[ -n "$auth" ] || exit 1
printf '%s' "$auth"
