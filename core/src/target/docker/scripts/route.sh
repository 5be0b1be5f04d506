# What HAProxy has: a line a server, NAME ADDRESS OPERATION ADMINISTRATION WEIGHT.
servers() {
  runtime "show servers state app"
  while read -r _ backend _ name address operation administration weight _; do
    [ "$backend" = app ] && echo "$name $address $operation $administration $weight"
  done < "$S/.answer" > "$S/.have"
}

has() { grep -q "^$1 " "$S/.have"; }

# route FORCE: the file is checked and kept, then HAProxy is made to follow it, without a reload.
# .want holds a line an entry: NAME ADDRESS PORT WEIGHT primary|fallback|last PATH. More is raised before anything is lowered,
# and nothing is lowered unless something that was raised is up.
route() {
  if ! haproxy -c -q -f "$S/.haproxy.cfg" > "$S/.check" 2>&1; then
    echo "result=invalid"
    head -n 5 "$S/.check"
    exit 65
  fi
  keep health.map
  keep haproxy.cfg
  servers
  while read -r name address port weight kind path; do
    if has "$name"; then continue; fi
    case "$kind" in
      primary) change "add map $S/health.map $name $path; add server app/$name $address:$port $CHECK weight $weight; enable health app/$name" ;;
      fallback) change "add map $S/health.map $name $path; add server app/$name $address:$port $CHECK weight $weight backup; enable health app/$name" ;;
      last) change "add server app/$name $address:$port weight $weight backup" ;;
    esac
  done < "$S/.want"
  commands=
  while read -r name _ _ weight kind _; do
    if [ "$weight" -gt 0 ]; then
      commands="$commands set server app/$name weight $weight; set server app/$name state ready;"
    fi
  done < "$S/.want"
  if [ -n "$commands" ]; then change "$commands"; fi
  servers
  raised=0 up=0
  while read -r name _ _ weight kind _; do
    if [ "$weight" -eq 0 ] || [ "$kind" != primary ]; then continue; fi
    raised=$((raised + 1))
    if grep -q "^$name [^ ]* 2 0 $weight\$" "$S/.have"; then up=$((up + 1)); fi
  done < "$S/.want"
  if [ "$raised" -gt 0 ] && [ "$up" -eq 0 ]; then
    say_runtime state "show servers state app"
    echo "result=not-up"
    exit 70
  fi
  lower "$1"
  say_runtime state "show servers state app"
}

lower() {
  commands=
  while read -r name _ _ weight _ _; do
    if [ "$weight" -eq 0 ]; then commands="$commands set server app/$name weight 0;"; fi
  done < "$S/.want"
  while read -r name _ _ administration _; do
    if ! grep -q "^$name " "$S/.want" && [ "$administration" != 1 ]; then
      commands="$commands set server app/$name state drain;"
    fi
  done < "$S/.have"
  if [ -n "$commands" ]; then change "$commands"; fi
  reap "$1"
}

# Servers that the table no longer names go once nobody uses them; what is in use is told, or ended.
reap() {
  runtime "show stat app 4 -1"
  cut -d, -f2,3,5 "$S/.answer" > "$S/.use"
  while read -r name _; do
    if grep -q "^$name " "$S/.want"; then continue; fi
    use=$(grep "^$name," "$S/.use" | head -n 1)
    queued=${use#*,} current=${use##*,}
    queued=${queued%%,*}
    if [ $((${queued:-0} + ${current:-0})) -gt 0 ]; then
      if [ "$1" != force ]; then echo "lingering $name $((${queued:-0} + ${current:-0}))"; continue; fi
      change "shutdown sessions server app/$name"
    fi
    change "set server app/$name state maint"
    # An idle connection may still keep it: then the next transaction removes it.
    runtime "del server app/$name"
    echo "del map $S/health.map $name" | nc 127.0.0.1 9999 > /dev/null 2>&1
  done < "$S/.have"
}
