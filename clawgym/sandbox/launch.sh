# Runs inside the box: DIRECTORY FILE_BLOCKS OPEN_FILES PROCESSES COMMAND [ARGUMENT…]
cd -- "$1" || exit 126
unset OLDPWD
ulimit -c 0
ulimit -f "$2"
ulimit -n "$3"
# dash says -p, bash says -u; a box without a limit of its own says unlimited
[ "$4" = unlimited ] || ulimit -p "$4" 2>/dev/null || ulimit -u "$4"
shift 4
exec "$@"
