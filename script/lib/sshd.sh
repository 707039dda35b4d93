# An `sshd` for the tests of transport, from the distribution's package: unpacked and not installed, for that would start a server on the
# machine. Sets PROVOST_TEST_SSHD; where it cannot be had the tests put a command into its place, and say so.

sshd_for_tests() {
  local kept=${XDG_CACHE_HOME:-$HOME/.cache}/provost-tests/sshd
  [ ! -x /usr/sbin/sshd ] && [ -z "${PROVOST_TEST_SSHD:-}" ] && command -v ssh >/dev/null || return 0
  if [ ! -x "$kept/sshd" ]; then
    unpack_sshd "$kept" || { echo "no sshd can be had here" >&2; return 0; }
  fi
  export PROVOST_TEST_SSHD="$kept/sshd"
}

unpack_sshd() { # WHERE
  local work package
  mkdir -p "$1"
  work=$(mktemp -d)
  # apt-get fetches as an account of its own.
  chmod 777 "$work"
  (cd "$work" && apt-get download -qq openssh-server libwrap0) >&2 || { rm -rf "$work"; return 1; }
  for package in "$work"/*.deb; do
    dpkg-deb -x "$package" "$1/unpacked"
  done
  rm -rf "$work"
  # It calls itself by the path that it was called by, so the library's place has to be in its environment.
  cat >"$1/sshd.new" <<S
#!/bin/sh
LD_LIBRARY_PATH=$(echo "$1"/unpacked/usr/lib/*-linux-gnu) exec "$1/unpacked/usr/sbin/sshd" "\$@"
S
  chmod 755 "$1/sshd.new"
  "$1/sshd.new" -t -h /dev/null 2>&1 | grep -q 'error while loading' && return 1
  mv "$1/sshd.new" "$1/sshd"
}
