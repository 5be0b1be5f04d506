# shellcheck shell=bash disable=SC2034 # the variables are for those who source it
# What the scripts of this folder share: where things are, whose processes they are, packages without installing them.
# Everything lives under $CD_PARTS, in a network namespace of its own: nothing at hand is used, changed or deleted.

export CD_PARTS=${CD_PARTS:-/tmp/cd-action-parts}
PARTS_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPO_DIR=$(cd "$PARTS_DIR/../.." && pwd)
NETNS=$CD_PARTS/run/netns
ENV_FILE=$CD_PARTS/env
# Only a folder that `up` made bears it; `down` removes no other.
MARK=$CD_PARTS/.made-by-cd-action-parts
REGISTRY=127.0.0.1:5000
DEMO_IMAGE=$REGISTRY/demo/tasks
# The first is the lower end of what is supported, and must be there.
ROUTERS=${CD_PARTS_ROUTERS:-2.6 3.2}
export DOCKER_HOST=unix://$CD_PARTS/docker.sock DOCKER_CONFIG=$CD_PARTS/docker-config
unset DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH

say() { echo "parts: $*" >&2; }

# What is missing, and how to get it, in one line.
missing() {
  say "missing: $*"
  exit 3
}

# Runs a command that has nothing to say unless it fails.
quietly() {
  local output
  output=$("$@" 2>&1) || {
    printf '%s\n' "$output" | tail -n 20 >&2
    say "failed: $*"
    return 1
  }
}

in_netns() { nsenter --net="$NETNS" -- "$@"; }

netns_is_up() { nsenter --net="$NETNS" -- true 2>/dev/null; }

# --- processes: known by their id and the moment they started, since ids are used again ---

started_at() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  # The second field is the name, in parentheses, and may hold anything; the 22nd is the time.
  cut -d' ' -f20 <<<"${stat##*) }"
}

# The id of a daemon that still runs.
pid_of() {
  local pid since
  { read -r pid since <"$CD_PARTS/run/$1.pid"; } 2>/dev/null || return 1
  [ "$(started_at "$pid")" = "$since" ] && echo "$pid"
}

start_daemon() {
  local name=$1
  shift
  # 9 is the lock of `up`: a daemon must not keep it.
  setsid "$@" </dev/null >>"$CD_PARTS/log/$name.log" 2>&1 9>&- &
  echo "$! $(started_at "$!")" >"$CD_PARTS/run/$name.pid"
}

# Sends a signal and waits for the end, for as many seconds.
end_daemon() {
  local name=$1 signal=$2 seconds=$3 pid
  if pid=$(pid_of "$name"); then
    kill -s "$signal" "$pid"
    until_true "$seconds" gone "$name" || {
      say "$name does not end ($signal, ${seconds}s)"
      return 1
    }
  fi
  rm -f "$CD_PARTS/run/$name.pid"
}

gone() { ! pid_of "$1" >/dev/null; }

# Tries a command every 0.1 s.
until_true() {
  local tries=$(($1 * 10))
  shift
  until "$@"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    sleep 0.1
  done
}

# Says why a daemon did not come up.
log_of() {
  tail -n 5 "$CD_PARTS/log/$1.log" >&2
  say "$1 did not come up: $CD_PARTS/log/$1.log"
  return 1
}

# --- Debian's packages, unpacked beside each other: nothing is installed, no service starts ---

# Unpacks what we take from a suite, with all that it depends on, and prints the folder.
debian_tree() {
  local suite=$1 place=$CD_PARTS/debian/$1 folder deb
  local -a packages=(haproxy busybox-static util-linux)
  [ "$suite" != bookworm ] || packages+=(docker-registry)
  if [ ! -e "$place/done" ]; then
    [ -n "$(debian_mirror)" ] || return 1
    say "unpacking ${packages[*]} of Debian $suite"
    rm -rf "$place"
    mkdir -p "$place"/{lists/partial,cache/archives/partial}
    : >"$place/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(debian_mirror) $suite main" >"$place/sources.list"
    quietly private_apt "$place" update || return 1
    quietly private_apt "$place" install --yes --download-only "${packages[@]}" || return 1
    # /lib and its like are links today; some packages still name them.
    for folder in bin sbin lib lib64; do
      mkdir -p "$place/root/usr/$folder"
      ln -s "usr/$folder" "$place/root/$folder"
    done
    for deb in "$place"/cache/archives/*.deb; do
      # Programs and libraries are all that is wanted; documents by the thousand take long to delete.
      dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$place/root" \
        --exclude='./usr/share/*' --exclude='./usr/lib/*/gconv' || return 1
    done
    rm -rf "$place/cache" "$place/lists"
    touch "$place/done"
  fi
  echo "$place/root"
}

# The mirror that this machine uses; empty where it is no Debian.
debian_mirror() {
  [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || return 0
  apt-get indextargets --format "\$(ORIGIN) \$(COMPONENT) \$(RELEASE) \$(REPO_URI)" 'Created-By: Packages' 2>/dev/null |
    awk '$1 == "Debian" && $2 == "main" && $3 !~ /-/ { print $4; exit }'
}

# An apt that knows one source, has nothing installed, and touches nothing outside its folder.
private_apt() {
  local place=$1
  shift
  apt-get -o Dir::Etc::SourceList="$place/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$place/lists" -o Dir::State::status="$place/status" -o Dir::Cache="$place/cache" \
    -o APT::Install-Recommends=false -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
    -o Debug::NoLocking=true "$@"
}
