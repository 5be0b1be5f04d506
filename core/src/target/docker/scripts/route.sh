# What HAProxy has: a line a server, NAME ADDRESS OPERATION ADMINISTRATION WEIGHT, and what of it is to be; and the lines of its map of who stays with
# which version.
servers() {
  runtime "$HAS"
  have=$NEWLINE stuck=
  while read -r first backend third name address operation administration weight _; do
    case "$first" in
      0x*) stuck="$stuck$backend $third$NEWLINE" ;;
      *) if [ "$backend" = app ]; then have="$have$name $address $operation $administration $weight$NEWLINE"; fi ;;
    esac
  done < "$S/.answer"
}

NEWLINE='
'

has() { case "$have" in *"$NEWLINE$1 "*) return 0 ;; esac; return 1; }

# is_up NAME WEIGHT: whether it runs, is ready and has that weight.
is_up() {
  line=${have#*"$NEWLINE$1 "}
  line=${line%%"$NEWLINE"*}
  case "$line" in *" 2 0 $2") return 0 ;; esac
  return 1
}

wanted_read() {
  want=$NEWLINE
  while read -r name _; do want="$want$name$NEWLINE"; done < "$S/.want"
}

is_wanted() { case "$want" in *"$NEWLINE$1$NEWLINE"*) return 0 ;; esac; return 1; }

# HAProxy reads 16 KiB of commands at a time.
send_many() {
  if [ "${#commands}" -gt 8000 ]; then
    change "$commands"
    commands=
  fi
}

# route HOW: the file is checked and kept, then HAProxy is made to follow it, without a reload. keep: running requests may end;
# force: they are ended; spare: the table only admits somebody, so that where nothing else is up, what has traffic keeps it.
# $STICKY is the file that says who stays with which version, where the router has such a map. Nobody is taken out by it: who is down is passed over.
# .want holds a line an entry: NAME ADDRESS PORT WEIGHT primary|fallback|last PATH, a path of - where the router asks for none.
# More is raised before anything is lowered, and nothing that is up is lowered unless something that was raised is up: where
# all that serves is unwell already there is nothing to lose.
route() {
  # Checked while it goes to the disk.
  haproxy -c -q -f "$S/.haproxy.cfg" > /dev/null 2>&1 9>&- &
  checked=$!
  # shellcheck disable=SC2086 # a name, or none
  write health.map $STICKY haproxy.cfg
  wait "$checked" || check_aloud
  # shellcheck disable=SC2086
  take health.map $STICKY haproxy.cfg
  wanted_read
  servers
  # Who sticks does so before weights let anybody go elsewhere, and as long as they do.
  if [ -s "$S/sticky.map" ]; then stick; fi
  commands=
  while read -r name address port weight kind path; do
    if has "$name"; then continue; fi
    add="add server app/$name $address:$port"
    map=
    if [ "$path" != - ]; then map="add map $S/health.map $name $path;"; fi
    # A keeper checks nothing; and of an empty command HAProxy 2.6 says that it knows none of that name.
    check=
    if [ -n "$CHECK" ]; then check=" enable health app/$name;"; fi
    case "$kind" in
      primary) commands="$commands $map $add $CHECK weight $weight;$check" ;;
      fallback) commands="$commands $map $add $CHECK weight $weight backup;$check" ;;
      last) commands="$commands $add weight $weight backup;" ;;
    esac
    send_many
  done < "$S/.want"
  while read -r name _ _ weight kind _; do
    if [ "$weight" -gt 0 ]; then
      commands="$commands set server app/$name weight $weight; set server app/$name state ready;"
      send_many
    fi
  done < "$S/.want"
  if [ -n "$commands" ]; then change "$commands"; fi
  servers
  raised=0 up=0
  while read -r name _ _ weight kind _; do
    if [ "$weight" -eq 0 ] || [ "$kind" != primary ]; then continue; fi
    raised=$((raised + 1))
    if is_up "$name" "$weight"; then up=$((up + 1)); fi
  done < "$S/.want"
  if [ "$raised" -gt 0 ] && [ "$up" -eq 0 ] && loses; then
    say_runtime state "$HAS"
    if [ "$1" = spare ]; then
      echo spared
      return 0
    fi
    echo "result=not-up"
    exit 70
  fi
  lower "$1"
  say_runtime state "$HAS"
}

# HAProxy takes the new map over in one piece: no request meets half of it.
stick() {
  stick_prepare
  [ -z "$settle" ] || change "$settle"
}

# Fills the next version of the map; `settle` is the command that makes it count, empty where it says what is in force.
stick_prepare() {
  settle=
  [ -n "$STICKY" ] || return 0
  wished=
  while read -r key value; do wished="$wished$key $value$NEWLINE"; done < "$S/$STICKY"
  [ "$wished" != "$stuck" ] || return 0
  runtime "prepare map $S/$STICKY"
  version=
  while read -r words; do
    case "$words" in "New version created: "*) version=${words##* } ;; esac
  done < "$S/.answer"
  commands=
  while read -r key value; do
    commands="$commands add map @$version $S/$STICKY $key $value;"
    send_many
  done < "$S/$STICKY"
  if [ -n "$commands" ]; then change "$commands"; fi
  settle="commit map @$version $S/$STICKY"
  stuck=$wished
}

# Whether something that is up and has traffic has none by what is wanted.
loses() {
  while read -r name _ operation administration weight; do
    if [ "$operation" != 2 ] || [ "$administration" != 0 ] || [ "$weight" = 0 ]; then continue; fi
    keeps "$name" || return 0
  done << CD_HAVE
$have
CD_HAVE
  return 1
}

keeps() {
  while read -r wanted _ _ share _; do
    if [ "$wanted" = "$1" ] && [ "$share" -gt 0 ]; then return 0; fi
  done < "$S/.want"
  return 1
}

# Whoever sticks does so until the last weight is lowered; and that nobody sticks any more goes along with it in one line, so that nothing can
# come between which would leave users with a version that has no weight: they would stay with it.
lower() {
  stick_prepare
  commands=
  while read -r name _ _ weight _ _; do
    if [ "$weight" -eq 0 ]; then commands="$commands set server app/$name weight 0;"; fi
    send_many
  done < "$S/.want"
  while read -r name _ _ administration _; do
    if [ -n "$name" ] && ! is_wanted "$name" && [ "$administration" != 1 ]; then
      commands="$commands set server app/$name state drain;"
      send_many
    fi
  done << CD_HAVE
$have
CD_HAVE
  commands="$commands$settle"
  if [ -n "$commands" ]; then change "$commands"; fi
  reap "$1"
}

# Servers that the table no longer names go once nobody uses them; what is in use is told, or ended.
reap() {
  unwanted=
  while read -r name _; do
    if [ -n "$name" ] && ! is_wanted "$name"; then unwanted="$unwanted $name"; fi
  done << CD_HAVE
$have
CD_HAVE
  [ -n "$unwanted" ] || return 0
  runtime "show stat app 4 -1"
  cut -d, -f2,3,5 "$S/.answer" > "$S/.use"
  for name in $unwanted; do
    use=$(grep "^$name," "$S/.use" | head -n 1)
    queued=${use#*,} current=${use##*,}
    queued=${queued%%,*}
    if [ $((${queued:-0} + ${current:-0})) -gt 0 ]; then
      if [ "$1" != force ]; then echo "lingering $name $((${queued:-0} + ${current:-0}))"; continue; fi
      change "shutdown sessions server app/$name"
    fi
    change "set server app/$name state maint"
    # An idle connection may still keep it: then the next transaction removes it.
    gone="del server app/$name"
    # Where the router asks nothing it has no map.
    if grep -q "$S/health.map" "$S/haproxy.cfg"; then gone="$gone; del map $S/health.map $name"; fi
    runtime "$gone"
  done
}
