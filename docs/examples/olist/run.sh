#!/usr/bin/env bash
# Imports the two files into an Etappe of its own, in a folder that goes away, and shows the funnel by origin.
# Usage: run.sh FOLDER     (with olist_mql.csv.gz and olist_closed_deals.csv.gz in it)
set -euo pipefail

etappe=${ETAPPE:-etappe}
example=$(cd "$(dirname "$0")" && pwd)
files=${1:?the folder with olist_mql.csv.gz and olist_closed_deals.csv.gz}

for file in olist_mql.csv.gz olist_closed_deals.csv.gz; do
    if [ ! -f "$files/$file" ]; then
        echo "There is no $files/$file: see docs/examples/olist/README.md for where it comes from." >&2
        exit 1
    fi
done

folder=$(mktemp -d)
export ETAPPE_DATA_DIR=$folder/data
"$etappe" up --collect-port 0 --query-port 0 >"$folder/up.log" 2>&1 &
up=$!
trap 'kill "$up" 2>/dev/null; wait "$up" || true; rm -rf "$folder"' EXIT

echo "Starting Etappe in $folder"
until "$etappe" status >/dev/null 2>&1; do
    kill -0 "$up" 2>/dev/null || { cat "$folder/up.log" >&2; exit 1; }
    sleep 0.3
done

"$etappe" import "$files/olist_mql.csv.gz" --map "$example/leads.yaml"
"$etappe" import "$files/olist_closed_deals.csv.gz" --map "$example/deals.yaml"
echo
"$etappe" funnel --by property:origin
