# about FILE: whose lease it is of, which share it is about, whether it still asks, what it says, and which pressing of the stop button
# a person has overridden for it.
about() {
  its_token=- its_share=- asks=0 says=- overrides=-none
  [ -f "$S/$1" ] || return 0
  while read -r key value; do
    case "$key" in
      token) its_token=$value ;;
      share) its_share=$value ;;
      asks) asks=$value ;;
      says) says=$value ;;
      overrides) overrides=$value ;;
    esac
  done < "$S/$1"
}

# tell TOKEN SHARE SAYS: goes on only where the run of that lease lives and has asked something, in the breath in which it is said.
# A promotion is of the share that is asked about; an abort is of all of the rollout. Nobody talks over who has said no, and no more
# traffic is given while the stop button is set by another press than the one that run was begun in spite of.
tell() {
  lock
  lease_read
  uptime_now
  if [ "$token" != "$1" ] || [ "$holder" = - ] || [ "$boot" != "$this_boot" ] || [ "$until" -le "$now" ]; then
    echo "result=gone"
    exit 0
  fi
  about question
  if [ "$its_token" != "$1" ]; then
    echo "result=elsewhere"
    exit 0
  fi
  [ "$3" = promote ] || return 0
  if [ "$its_share" != "$2" ] || [ "$asks" != 1 ]; then
    echo "result=elsewhere"
    exit 0
  fi
  heed "$overrides"
  about word
  if [ "$its_token" = "$1" ] && [ "$says" = abort ]; then
    show word
    echo "result=aborted"
    exit 0
  fi
}
