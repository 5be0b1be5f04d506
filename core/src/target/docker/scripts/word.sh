# about FILE: whose lease it is of, which share it is about, whether it still asks, what it says.
about() {
  its_token=- its_share=- asks=0 says=-
  [ -f "$S/$1" ] || return 0
  while read -r key value; do
    case "$key" in
      token) its_token=$value ;;
      share) its_share=$value ;;
      asks) asks=$value ;;
      says) says=$value ;;
    esac
  done < "$S/$1"
}

# tell TOKEN SHARE SAYS: goes on only where the run of that lease lives and asks at that share, in the breath in which it is
# said. Nobody talks over who has said no, and no more traffic is given while the stop button is set.
tell() {
  lock
  lease_read
  uptime_now
  if [ "$token" != "$1" ] || [ "$holder" = - ] || [ "$boot" != "$this_boot" ] || [ "$until" -le "$now" ]; then
    echo "result=gone"
    exit 0
  fi
  about question
  if [ "$its_token" != "$1" ] || [ "$its_share" != "$2" ] || [ "$asks" != 1 ]; then
    echo "result=elsewhere"
    exit 0
  fi
  [ "$3" = promote ] || return 0
  heed -none
  about word
  if [ "$its_token" = "$1" ] && [ "$its_share" = "$2" ] && [ "$says" = abort ]; then
    show word
    echo "result=aborted"
    exit 0
  fi
}
