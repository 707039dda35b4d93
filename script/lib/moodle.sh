# Finding a Moodle to work with. Sourced by script/demo and script/bench.

git_cache() { echo "${XDG_CACHE_HOME:-$HOME/.cache}/provost/git"; }

# Prints "REPOSITORY REFERENCE RELEASE" of every Moodle in the git cache, newest release first.
moodles_in_cache() {
  local repository branch release
  find "$(git_cache)" -name '*.git' -type d -prune 2>/dev/null | while read -r repository; do
    git -C "$repository" cat-file -e HEAD:lib/components.json 2>/dev/null ||
      git -C "$repository" cat-file -e HEAD:public/lib/components.json 2>/dev/null || continue
    branch=$(git -C "$repository" symbolic-ref --short HEAD)
    release=$(git -C "$repository" show HEAD:version.php 2>/dev/null | sed -n "s/^\$version *= *\([0-9.]*\);.*/\1/p")
    echo "$repository $branch ${release:-0}"
  done | sort -k3 -r
}

# Makes a git repository of the stand-in in directory $1 and prints it.
standin() {
  local into=$1/standin
  mkdir -p "$into"
  cp -r "$(dirname "${BASH_SOURCE[0]}")/../../tests/standin/." "$into"
  git -C "$into" init -q -b main
  git -C "$into" add -A
  git -C "$into" -c user.name=provost -c user.email=provost@localhost commit -q -m 'The stand-in'
  echo "$into"
}

# Sets MOODLE_GIT, MOODLE and MOODLE_IS, looking in this order: PROVOST_TEST_MOODLE, the git cache, the official repository, the
# stand-in (made in directory $1).
choose_moodle() {
  local found official=https://github.com/moodle/moodle.git
  if [ -n "${PROVOST_TEST_MOODLE:-}" ]; then
    MOODLE_GIT=${PROVOST_TEST_MOODLE%%#*}
    MOODLE=${PROVOST_TEST_MOODLE#*#}
    [ "$MOODLE" != "$PROVOST_TEST_MOODLE" ] || MOODLE=$(git -C "$MOODLE_GIT" symbolic-ref --short HEAD)
    MOODLE_IS="Moodle from $MOODLE_GIT (PROVOST_TEST_MOODLE)"
  elif found=$(moodles_in_cache | head -n 1) && [ -n "$found" ]; then
    read -r MOODLE_GIT MOODLE _ <<<"$found"
    MOODLE_IS="Moodle from the git cache (${MOODLE_GIT#"$(git_cache)/"}, $MOODLE)"
  elif GIT_TERMINAL_PROMPT=0 timeout 20 git ls-remote "$official" HEAD >/dev/null 2>&1; then
    MOODLE_GIT=$official MOODLE=5.0+
    MOODLE_IS="Moodle 5.0+ from $official: one commit is downloaded, some 80 MB"
  else
    MOODLE_GIT=$(standin "$1") MOODLE=main
    MOODLE_IS="the stand-in: no Moodle can be had here, so this shows the machinery only"
  fi
}
