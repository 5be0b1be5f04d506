# open MODE HOLDER TERM RUN EPOCH: take the lease (or only look), and tell everything that is remembered.
open() {
  lock
  lease_read
  uptime_now
  left=$((until - now))
  if [ "$boot" != "$this_boot" ] || [ "$left" -lt 0 ]; then left=0; fi
  if [ "$1" = take ] && [ "$holder" != "$2" ] && [ "$left" -gt 0 ]; then
    echo "result=held token=$token holder=$holder since=$since run=$run left=$left"
    exit 0
  fi
  if [ "$1" = take ]; then
    token=$((token + 1)) wrote=0 holder=$2 until=$((now + $3)) boot=$this_boot run=$4 since=$5
    lease_write
  fi
  show lease
  show beat
  show checkpoint
  show haproxy.cfg
  for segment in $(ls "$S/ledger" 2> /dev/null | sort | tail -n "$6"); do show "ledger/$segment"; done
  n=0
  until echo "show info" | nc 127.0.0.1 9999 > "$S/.answer" 2> /dev/null && [ -s "$S/.answer" ]; do
    n=$((n + 1))
    if [ "$n" -gt 50 ]; then echo "result=unreachable"; exit 69; fi
    sleep 0.1
  done
  say_runtime state "show servers state app"
  echo "result=open token=$token left=$left"
}
