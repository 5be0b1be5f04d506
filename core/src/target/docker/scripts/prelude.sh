# Runs inside the router, as root, with everything it needs on its input. One writer at a time, by the kernel's lock;
# who has no lease any more is told so and changes nothing. The last line says how it ended: without one, nobody knows.
S=/var/lib/cd-action
umask 022

lock() {
  exec 9>>"$S/lock"
  n=0
  until flock -n 9; do
    n=$((n + 1))
    if [ "$n" -gt 500 ]; then echo "result=lock-timeout"; exit 75; fi
    sleep 0.02
  done
}

# The clock of the kernel, one for all writers, in hundredths of a second; it begins anew with each boot.
uptime_now() {
  read -r up _ < /proc/uptime
  now="${up%.*}${up#*.}"
  read -r this_boot < /proc/sys/kernel/random/boot_id
}

# Two files: the token, which must survive a power cut, for it only ever grows; and the rest, which is written with every
# transaction and means nothing after the next boot: without it nobody holds the lease.
lease_read() {
  token=0 holder=- since=0 run=- wrote=0 until=0 boot=-
  for file in lease beat; do
    [ -f "$S/$file" ] || continue
    while read -r key value; do
      case "$key" in
        token) token=$value ;;
        holder) holder=$value ;;
        since) since=$value ;;
        run) run=$value ;;
        wrote) wrote=$value ;;
        until) until=$value ;;
        boot) boot=$value ;;
      esac
    done < "$S/$file"
  done
}

# A disk that is full must not be taken for a write.
unwritten() {
  echo "result=unwritten"
  exit 74
}

lease_write() {
  printf 'token %s\n' "$token" > "$S/.lease" || unwritten
  keep lease
  beat
}

beat() {
  printf 'wrote %s\nholder %s\nuntil %s\nboot %s\nsince %s\nrun %s\n' \
    "$wrote" "$holder" "$until" "$boot" "$since" "$run" > "$S/.beat" || unwritten
  mv "$S/.beat" "$S/beat" || unwritten
}

# .NAME becomes NAME, of each: all of it or nothing, and it survives a power cut.
keep() {
  write "$@"
  take "$@"
}

write() {
  new=
  for name in "$@"; do new="$new $S/.$name"; done
  # shellcheck disable=SC2086 # names of ours, without spaces
  sync $new 2> /dev/null || sync
}

take() {
  for name in "$@"; do mv "$S/.$name" "$S/$name" || unwritten; done
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
  beat
}

# The clock on the wall, in seconds; empty where nobody can tell. What stands for longer than a boot goes by it.
clock_now() { clock=$(date +%s 2> /dev/null) || clock=; }

# stopped PRESS: whether the stop button is set, by another press than this one, which a person has overridden.
stopped() {
  [ -f "$S/stop" ] || return 1
  press=- ends=0
  while read -r key value; do
    case "$key" in
      id) press=$value ;;
      until) ends=$value ;;
    esac
  done < "$S/stop"
  [ "$press" != "$1" ] || return 1
  if [ "$ends" -gt 0 ] 2> /dev/null; then
    clock_now
    if [ -n "$clock" ] && [ "$clock" -ge "$ends" ]; then return 1; fi
  fi
}

# heed PRESS: who brings something new gives way to the stop button.
heed() {
  stopped "$1" || return 0
  show stop
  echo "result=stopped"
  exit 77
}

# lift: the button is as if it had never been set.
lift() {
  rm -f "$S/stop" || unwritten
  sync "$S" 2> /dev/null || sync
}

# One line to HAProxy's runtime interface, its commands joined by `;` with none at the end. That nobody listens is a
# failure of its own. The answer goes into .answer, or into the file that is named.
runtime() {
  nc 127.0.0.1 9999 > "$S/${2:-.answer}" 2> /dev/null << CD_ASK && return 0
${1%;}
CD_ASK
  echo "result=unreachable"
  exit 69
}

# A change answers nothing when it worked: any other word is a refusal.
change() {
  runtime "$1"
  while read -r words || [ -n "$words" ]; do
    case "$words" in
      "" | "New server registered."*) ;;
      *)
        echo "$words"
        echo "result=refused"
        exit 70
        ;;
    esac
  done < "$S/.answer"
}

# What HAProxy has now: its servers, and who stays with which version. A router that an earlier version of the action has made has no such map, and says so
# in a line that is none of either.
HAS="show servers state app; show map $S/sticky.map"

# What HAProxy has against the new file: quiet, it only says that it has something. Where it has nothing when it is asked aloud, it
# was ended in its check, for want of memory, say.
check_aloud() {
  if haproxy -c -f "$S/.haproxy.cfg" > "$S/.check" 2>&1 9>&-; then return 0; fi
  grep ALERT "$S/.check" | head -n 5
  echo "result=invalid"
  exit 65
}

# A file of the volume, up to a point alone: what it holds may be anything, and not even text.
show() {
  [ -f "$S/$1" ] || return 0
  echo "base64 $1"
  base64 "$S/$1"
  echo .
}

say_runtime() {
  runtime "$2"
  say_answer "$1"
}

say_answer() {
  echo "base64 $1"
  base64 "$S/.answer"
  echo .
}

# What HAProxy counted, and since when. It writes no file, so it needs no lock.
count() {
  echo "base64 stat"
  nc 127.0.0.1 9999 2> /dev/null << CD_ASK | base64
show stat app 4 -1; show info; show table times
CD_ASK
  echo .
}

# append SEGMENT KEEP: the segment becomes its first KEEP bytes and what comes on the input. Doing it twice does it once.
append() {
  segment=$S/ledger/$1
  : > "$S/.segment" || unwritten
  if [ "$2" -gt 0 ]; then
    if [ ! -f "$segment" ] || [ "$(wc -c < "$segment")" -lt "$2" ]; then
      echo "result=forked segment=$1"
      exit 65
    fi
    head -c "$2" "$segment" > "$S/.segment" || unwritten
  fi
  cat >> "$S/.segment" || unwritten
  sync "$S/.segment" 2> /dev/null || sync
  [ -d "$S/ledger" ] || mkdir -p "$S/ledger"
  mv "$S/.segment" "$segment" || unwritten
  sync "$S/ledger" 2> /dev/null || sync
}
