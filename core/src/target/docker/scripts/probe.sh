# How HAProxy has a server: its status, and the word of its check. Both are empty where it has none of that name.
look_up() {
  status='' check=''
  while IFS=, read -r _ name _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ found _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ word _; do
    if [ "$name" = "$1" ]; then status=$found check=${word#\* }; return 0; fi
  done < "$S/.stat"
}

# admit NAME: an added server that HAProxy itself has seen well may be asked by name; it has no weight yet.
admit() {
  look_up "$1"
  case "$status" in
    "") echo "pending $1 missing"; return 1 ;;
    MAINT*)
      case "$check" in
        L4OK | L6OK | L7OK) change "set server app/$1 state ready" ;;
        *) echo "pending $1 ${check:-INI}"; return 1 ;;
      esac ;;
    DOWN*) echo "pending $1 DOWN/${check:-}"; return 1 ;;
  esac
}

stat_read() { runtime "show stat app 4 -1" .stat; }

# await_checks NAME…: HAProxy checks an added server within a tenth of a second: that long its first word is waited for.
await_checks() {
  n=0
  while [ "$n" -lt 10 ]; do
    again=
    for server in "$@"; do
      look_up "$server"
      case "$status,$check" in MAINT*,INI | MAINT*,) again=1 ;; esac
    done
    [ -n "$again" ] || return 0
    n=$((n + 1))
    sleep 0.02
    stat_read
  done
}

# ask NAME SECONDS HOST PATH: through the router, by name; the whole answer, whatever it is. On one line: what of it is
# secret is found by its base64, and a line's end would hide it.
ask() {
  echo "answer $1"
  printf 'GET %s HTTP/1.0\r\nHost: %s\r\nX-CD-Server: %s\r\nUser-Agent: cd-action\r\nConnection: close\r\n\r\n' "$4" "$3" "$1" |
    timeout "$2" nc 127.0.0.1 8081 2> /dev/null | head -c 65536 | base64 | tr -d '\n'
  echo
  echo .
}

# reach NAME SECONDS ADDRESS PORT: whether somebody accepts a connection there.
reach() {
  if timeout "$2" nc "$3" "$4" < /dev/null > /dev/null 2>&1; then echo "reached $1"; else echo "unreached $1"; fi
}
