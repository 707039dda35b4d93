# Two real sites, hugo and zola, that courses are moved between. Sourced by the archive's benchmark and its campaign on real Moodle.
# shellcheck shell=bash

# Makes the fleet in directory $1 with program $2 on port $3, and starts it. Sets `work`, `provost` and `up`.
two_sites() {
    work=$1 provost=$2
    local port=$3
    cd "$work" || return 1
    "$provost" --quiet init --name bench --state "$work/state" --moodle-git "$MOODLE_GIT" --moodle "$MOODLE" --listen "127.0.0.1:$port" \
        --site "hugo=http://hugo.localhost:$port" --site "zola=http://zola.localhost:$port" >&2
    # One administrator, as institutions have it: core's restore refuses a course of an `admin` with another address, and says nothing.
    sed -i 's/^\[site\..*\]$/&\nadmin = { email = "admin@example.org" }/' fleet.toml
    "$provost" --quiet apply >&2
    "$provost" --quiet up >"$work/up.log" 2>&1 &
    up=$!
    until grep -q 'The fleet is up' "$work/up.log"; do
        kill -0 "$up" 2>/dev/null || { cat "$work/up.log" >&2; return 1; }
        sleep 0.2
    done
    # Accounts and sockets that the functions below need, also in shells of their own.
    socket=$(sed -n "s/.*'dbsocket' => '\(.*\)'.*/\1/p" "$(readlink -f "$work/state/made/sites/hugo/site.php")" | head -n 1)
    export work provost socket
}

# Ends the fleet, and takes it away: sites first, for as root each has an account of its own.
no_sites() {
    if [ -n "${up:-}" ]; then kill -INT "$up" 2>/dev/null && wait "$up" 2>/dev/null || true; fi
    sed -i '/^\[\(site\|archive\)\./,$d' "$work/fleet.toml" 2>/dev/null || true
    "$provost" --quiet apply --allow-destroy >/dev/null 2>&1 || true
    chmod -R u+w "$work" && rm -rf "$work"
}

# A PHP script, by its path, in SITE, as the site's account.
php_at() { # SITE SCRIPT ARGUMENT…
    local site=$1 owner
    shift
    owner=$(stat -c %U "$work/state/data/sites/$site")
    if [ "$(id -un)" = "$owner" ]; then
        (cd / && PROVOST_SITE=$site php -d memory_limit=2G -d max_input_vars=5000 "$@")
    else
        (cd / && PROVOST_SITE=$site setpriv --reuid="$owner" --regid="$owner" --clear-groups -- \
            php -d memory_limit=2G -d max_input_vars=5000 "$@")
    fi
}

# One of core's own scripts.
core() { # SITE SCRIPT ARGUMENT…
    local site=$1 script=$2
    shift 2
    php_at "$site" "$work/state/made/sites/$site/code/$script" "$@"
}

# What a query answers in a site's database, as its administrator.
sql() { # SITE QUERY
    PGPASSWORD=$(cat "$work/state/keep/secrets/server-main-admin") psql -h "$socket" -U provost -d "bench_$1" -XAtqc "$2"
}

# Ids of a site's courses, without its front page.
ids() { sql "$1" "select id from mdl_course where id > 1 order by id"; }

# COUNT courses of core's generator, called SIZE1, SIZE2, …
make_courses() { # SITE SIZE COUNT
    local n
    for n in $(seq "$3"); do
        core "$1" admin/tool/generator/cli/maketestcourse.php --shortname="$2$n" --size="$2" --bypasscheck --quiet >&2
    done
}
export -f php_at core sql ids
