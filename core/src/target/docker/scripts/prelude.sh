# Runs inside the router, as root, with everything it needs on its input. One writer at a time, by the kernel's lock;
# who has no lease any more is told so and changes nothing. The last line says how it ended: without one, nobody knows.
S=/var/lib/cd-action
umask 022

lock() {
  exec 9>>"$S/lock"
  n=0
  until flock -n 9; do
    n=$((n + 1))
    if [ "$n" -gt 100 ]; then echo "result=lock-timeout"; exit 75; fi
    sleep 0.1
  done
}

# The clock of the kernel, one for all writers, in hundredths of a second; it begins anew with each boot.
uptime_now() {
  read -r up _ < /proc/uptime
  now="${up%.*}${up#*.}"
  read -r this_boot < /proc/sys/kernel/random/boot_id
}

lease_read() {
  token=0 wrote=0 holder=- until=0 boot=- since=0 run=-
  [ -f "$S/lease" ] || return 0
  while read -r key value; do
    case "$key" in
      token) token=$value ;;
      wrote) wrote=$value ;;
      holder) holder=$value ;;
      until) until=$value ;;
      boot) boot=$value ;;
      since) since=$value ;;
      run) run=$value ;;
    esac
  done < "$S/lease"
}

lease_write() {
  printf 'token %s\nwrote %s\nholder %s\nuntil %s\nboot %s\nsince %s\nrun %s\n' \
    "$token" "$wrote" "$holder" "$until" "$boot" "$since" "$run" > "$S/.lease"
  keep lease
}

# .NAME becomes NAME: all of it or nothing, and it survives a power cut.
keep() {
  sync "$S/.$1" 2> /dev/null || sync
  mv "$S/.$1" "$S/$1"
  sync "$S" 2> /dev/null || sync
}

# fence TOKEN TERM NUMBER: whoever goes on holds the lease, for another term. Writes are numbered: one that was given up and
# comes late must not undo the one that followed it. A number of 0 is no write.
fence() {
  lease_read
  if [ "$token" != "$1" ]; then
    echo "result=fenced token=$token holder=$holder since=$since run=$run"
    exit 76
  fi
  if [ "$3" -gt 0 ]; then
    if [ "$3" -le "$wrote" ]; then echo "result=overtaken wrote=$wrote"; exit 76; fi
    wrote=$3
  fi
  uptime_now
  # Given back by this very run: what was sent before that and comes after it must not take it again.
  if [ "$holder" != - ]; then
    until=$((now + $2)) boot=$this_boot
  fi
  lease_write
}

# One line to HAProxy's runtime interface, its commands joined by `;` with none at the end. That nobody listens is a
# failure of its own.
runtime() {
  echo "${1%;}" | nc 127.0.0.1 9999 > "$S/.answer" 2> /dev/null && return 0
  echo "result=unreachable"
  exit 69
}

# A change answers nothing when it worked: any other word is a refusal.
change() {
  runtime "$1"
  words=$(grep -v -e '^[[:space:]]*$' -e 'New server registered.' "$S/.answer" | head -n 1)
  if [ -n "$words" ]; then echo "result=refused words=$words"; exit 70; fi
}

# A file of the volume, a line a file: what it holds may be anything, and not even text.
show() {
  [ -f "$S/$1" ] || return 0
  echo "base64 $1 $(base64 < "$S/$1" | tr -d '\n')"
}

say_runtime() {
  runtime "$2"
  mv "$S/.answer" "$S/.show"
  echo "file $1 $(wc -c < "$S/.show")"
  cat "$S/.show"
  echo
}

# append SEGMENT KEEP: the segment becomes its first KEEP bytes and what comes on the input. Doing it twice does it once.
append() {
  segment=$S/ledger/$1
  : > "$S/.segment"
  if [ "$2" -gt 0 ]; then
    if [ ! -f "$segment" ] || [ "$(wc -c < "$segment")" -lt "$2" ]; then
      echo "result=forked segment=$1"
      exit 65
    fi
    head -c "$2" "$segment" > "$S/.segment"
  fi
  cat >> "$S/.segment"
  sync "$S/.segment" 2> /dev/null || sync
  mkdir -p "$S/ledger"
  mv "$S/.segment" "$segment"
  sync "$S/ledger" 2> /dev/null || sync
}
