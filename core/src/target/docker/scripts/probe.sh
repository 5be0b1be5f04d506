# admit NAME: an added server that HAProxy itself has seen well may be asked by name; it has no weight yet.
admit() {
  row=$(grep "^[^,]*,$1," "$S/.stat" | head -n 1)
  status=$(echo "$row" | cut -d, -f18)
  check=$(echo "$row" | cut -d, -f37)
  check=${check#\* }
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

stat_read() {
  runtime "show stat app 4 -1"
  mv "$S/.answer" "$S/.stat"
}

# ask NAME SECONDS HOST PATH: through the router, by name; the whole answer, whatever it is.
ask() {
  answer=$(printf 'GET %s HTTP/1.0\r\nHost: %s\r\nX-CD-Server: %s\r\nUser-Agent: cd-action\r\nConnection: close\r\n\r\n' \
    "$4" "$3" "$1" | timeout "$2" nc 127.0.0.1 8081 2> /dev/null | head -c 65536 | base64 | tr -d '\n')
  echo "answer $1 $answer"
}

# reach NAME SECONDS ADDRESS PORT: whether somebody accepts a connection there.
reach() {
  if timeout "$2" nc "$3" "$4" < /dev/null > /dev/null 2>&1; then echo "reached $1"; else echo "unreached $1"; fi
}
