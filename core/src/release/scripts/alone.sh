folder=$1
aside=$folder/.cd-action
shift
own=/
while [ "$1" != -- ]; do
  own=$own$1/
  shift
done
shift
put_back() {
  for it in "$aside"/*; do
    [ ! -f "$it" ] || [ -e "$folder/${it##*/}" ] || mv "$it" "$folder/"
  done
  rmdir "$aside" 2>/dev/null
}
trap put_back EXIT
trap 'exit 143' HUP INT TERM
for it in "$folder"/*.whl "$folder"/*.tar.gz "$folder"/*.tar.bz2 "$folder"/*.zip; do
  case $own in
    */"${it##*/}"/*) ;;
    *) [ ! -f "$it" ] || { mkdir -p "$aside" && mv "$it" "$aside/"; } || exit 1 ;;
  esac
done
"$@"
