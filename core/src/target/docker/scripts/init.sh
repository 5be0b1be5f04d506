# Lays the volume out, once: what is there stays.
init() {
  mkdir -p "$S/ledger"
  missing=
  for tool in flock nc timeout base64 cut grep head sed sort tail tr wc sync haproxy; do
    command -v "$tool" > /dev/null 2>&1 || missing="$missing $tool"
  done
  if [ -n "$missing" ]; then echo "result=missing tools=$missing"; exit 65; fi
  lock
  if [ ! -f "$S/key" ]; then
    (umask 077 && head -c 64 /dev/urandom | sha256sum | cut -c1-64 > "$S/.key")
    keep key
  fi
  [ -f "$S/health.map" ] || : > "$S/health.map"
  [ -f "$S/sticky.map" ] || : > "$S/sticky.map"
  # The router is made anew: its settings are today's, and what it serves is what the table says.
  cat > "$S/.haproxy.cfg"
  # What is named there is served by a router, or works beside a keeper: neither becomes the other.
  if [ -f "$S/haproxy.cfg" ] && grep -q '^ *server ' "$S/haproxy.cfg" && [ "$(users haproxy.cfg)" != "$(users .haproxy.cfg)" ]; then
    rm -f "$S/.haproxy.cfg"
    echo "result=another-form"
    exit 65
  fi
  [ ! -f "$S/haproxy.cfg" ] || grep '^ *server ' "$S/haproxy.cfg" >> "$S/.haproxy.cfg"
  if haproxy -c -q -f "$S/.haproxy.cfg" > /dev/null 2>&1; then
    keep haproxy.cfg
  elif [ ! -f "$S/haproxy.cfg" ]; then
    check_aloud
    keep haproxy.cfg
  fi
  echo "result=done"
}

# Whether users come in by a file: 1, else 0.
users() { grep -c '^frontend users$' "$S/$1"; }
