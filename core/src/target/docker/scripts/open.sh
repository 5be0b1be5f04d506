# newest COUNT: the newest segments of the ledger, the oldest of them first. Their names sort by age.
newest() {
  count=$1
  set -- "$S/ledger"/*
  while [ "$#" -gt "$count" ]; do shift; done
  for segment in "$@"; do show "ledger/${segment##*/}"; done
}

# same HOLDER HOLDER: whether one may go on for the other at once: the same leg of a job (its main and its post), or another
# attempt of that job, which no two are at the same time. Other legs of the same attempt are runs of their own. A holder
# ends in #ATTEMPT.LEG where it is a job.
same() {
  [ "$1" != "$2" ] || return 0
  [ "${1%#*}" = "${2%#*}" ] || return 1
  one=${1##*#} two=${2##*#}
  [ "${one%%.*}" != "${two%%.*}" ]
}

# open MODE HOLDER TERM RUN EPOCH: take the lease (or only look), and tell everything that is remembered.
open() {
  lock
  lease_read
  uptime_now
  left=$((until - now))
  if [ "$boot" != "$this_boot" ] || [ "$left" -lt 0 ]; then left=0; fi
  if [ "$1" = take ] && [ "$left" -gt 0 ] && ! same "$holder" "$2"; then
    show question
    echo "result=held token=$token holder=$holder since=$since run=$run left=$left"
    exit 0
  fi
  if [ "$1" = take ]; then
    token=$((token + 1)) wrote=0 holder=$2 until=$((now + $3)) boot=$this_boot run=$4 since=$5
    lease_write
    # What was said to a run that is gone, and what it asked.
    [ ! -f "$S/question" ] || rm -f "$S/question" "$S/word"
  fi
  show lease
  show beat
  show checkpoint
  show stop
  show question
  show haproxy.cfg
  show sticky.map
  newest "$6"
  n=0
  until nc 127.0.0.1 9999 > "$S/.answer" 2> /dev/null << CD_ASK && [ -s "$S/.answer" ]
$HAS
CD_ASK
  do
    n=$((n + 1))
    if [ "$n" -gt 50 ]; then echo "result=unreachable"; exit 69; fi
    sleep 0.1
  done
  say_answer state
  clock_now
  echo "result=open token=$token left=$left clock=$clock"
}
