#!/bin/sh
# One night of one source: nightly.sh SOURCE [options of loyalty run]
#
# Tries again what another try can mend, and leaves everything else to a person: a busy source (75) later, a run that
# failed (1) once more, from where it stopped. Bad input (2), an intake gate (3), a doubtful check (4) and an error of
# the workbook itself (70) are the same the second time.
#
# LOYALTY names the command, TRIES how often it is called, PAUSE the seconds in between.
set -u
loyalty=${LOYALTY:-loyalty} tries=${TRIES:-3} pause=${PAUSE:-600}
source=${1:?name a source profile}
shift
while :; do
    "$loyalty" run "$source" --retry "$@"
    code=$?
    tries=$((tries - 1))
    case $code in
        1 | 75) [ "$tries" -gt 0 ] || exit $code ;;
        *) exit $code ;;
    esac
    sleep "$pause"
done
