#!/usr/bin/env bash
# Makes the flights example in demo/ and runs it: three million real flights, from raw files to answers. When demo/
# is there already it is only run again, so that changes to it can be tried.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PWD/build/release:$PATH

bold=''; plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$(printf '\033[1m'); plain=$(printf '\033[0m'); fi

title() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
# try COMMAND...: shows the command as one would type it, then runs it.
try() { printf '\n%s$ %s%s\n' "$bold" "$(typed "$@")" "$plain"; "$@"; }
typed() {
  local word text=''
  for word in "$@"; do
    if [[ $word == *[' *<>=']* ]]; then text+=" \"$word\""; else text+=" $word"; fi
  done
  echo "${text# }"
}

if [ ! -f demo/leat.yml ]; then
  title "A new project"
  try leat init --template flights demo
  cd demo
else
  cd demo
fi

title "Raw files to answers, checked on the way"
try leat run

title "Gold tables"
try leat query "select * from gold.worst_routes order by rank limit 10"
try leat query "select * from gold.busiest_hours order by flights_per_day desc, weekday, hour limit 5"
try leat query "select * from gold.airport_delays where flights >= 100 order by avg_delay_minutes desc limit 5"

title "Quality report"
try leat check
try leat quarantine list

title "Try next"
cat <<'TEXT'

  export PATH="$PWD/build/release:$PATH" && cd demo
  leat run                                      again: no file is taken in twice
  leat quarantine show silver.flights           the rows that were set aside, and why
  leat lineage gold.worst_routes                where its columns come from
  leat history gold.worst_routes                its versions
  leat render gold.airport_delays               the SQL that runs
  leat test                                     unit tests of the models
  leat query "select count(*) from silver.flights where origin = 'JFK'"
  leat --help

The files of the project are in demo/assets; README.md there explains what the checks found.
TEXT
