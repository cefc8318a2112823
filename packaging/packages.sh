# SPDX-License-Identifier: Apache-2.0
# What Debian has to give before Hawser can be built and tested; to be sourced by bash.
#
#   source packaging/packages.sh
#   packages_need "${BUILD_PACKAGES[@]}"
#
# Only what is missing is installed, and apt is asked for its lists only if something is: on a machine
# that has it all nothing is touched and no network is needed.

BUILD_PACKAGES=(gcc libc6-dev cmake ninja-build pkg-config liburing-dev libsqlite3-dev libssl-dev
  libargon2-dev libjansson-dev libwslay-dev zlib1g-dev)
# The portal is built with npm; many have a Node.js that dpkg does not know of.
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  BUILD_PACKAGES+=(nodejs npm)
fi

# Unit tests, the other compiler, fuzzers, the tools of the lint target, the black-box tests, and what
# Debian's kernels are booted with.
TEST_PACKAGES=(clang-14 clang libclang-rt-14-dev clang-tidy clang-format cppcheck libcmocka-dev
  python3 python3-pytest python3-libtorrent python3-websockets curl iproute2 jq
  openssl unzip chromium fonts-liberation
  qemu-system-x86 e2fsprogs kmod)
# Either will do, and only one of them can be installed.
if ! command -v busybox >/dev/null; then
  TEST_PACKAGES+=(busybox-static)
fi

# Whom hawserd is measured against, and what measures.
BENCH_PACKAGES=(nginx iproute2)

packages_missing() {
  local name
  for name in "$@"; do
    # "ii" may be followed by a blank or an error flag; a package only known by name has another word.
    [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null) == ii* ]] || echo "$name"
  done
}

# packages_need NAME... - install those of them that are missing; exits with a sentence if it cannot.
packages_need() {
  local missing log as_root=()
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "this is not Debian: apt-get and dpkg-query are not here. Install what corresponds to: $*" >&2
    echo "(trying to go on as if it were)" >&2
    return 0
  fi
  mapfile -t missing < <(packages_missing "$@")
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "these packages are missing: ${missing[*]}" >&2
      echo "run this as root, or install sudo, or let an administrator run: apt-get install ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  echo "installing ${missing[*]}"
  log=$(mktemp)
  # env: sudo would drop the variable. </dev/null: nobody is asked anything, here and in CI.
  # The lock is waited for: a fresh machine may be fetching its own upgrades.
  if ! "${as_root[@]}" apt-get -q -o DPkg::Lock::Timeout=300 update </dev/null >"$log" 2>&1; then
    packages_fail "$log" "apt-get update failed: is there a network, and does /etc/apt name a mirror that answers?"
  fi
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 \
    install -y --no-install-recommends "${missing[@]}" </dev/null >"$log" 2>&1; then
    packages_fail "$log" "apt-get could not install ${missing[*]}"
  fi
  # An update that could not reach its mirror warns and ends well; then the install fails and says so.
  mapfile -t missing < <(packages_missing "$@")
  if [ ${#missing[@]} -ne 0 ]; then
    packages_fail "$log" "apt-get said yes, but ${missing[*]} is still missing"
  fi
  rm -f "$log"
}

# packages_need_stopped NAME... - the same for packages with a service that we want as a program only:
# it is neither started (Debian's way to say so is policy-rc.d) nor will it be at the next boot.
packages_need_stopped() {
  local missing as_root=() policy=/usr/sbin/policy-rc.d name
  mapfile -t missing < <(packages_missing "$@")
  [ ${#missing[@]} -eq 0 ] && return 0
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  if [ ! -e "$policy" ] && printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null; then
    "${as_root[@]}" chmod 755 "$policy"
    # In a subshell: packages_need leaves with exit, and the policy must not outlive it.
    local status=0
    (packages_need "$@") || status=$?
    "${as_root[@]}" rm -f "$policy"
    [ "$status" -eq 0 ] || exit "$status"
  else
    packages_need "$@"
  fi
  for name in "${missing[@]}"; do
    if [ -e "/lib/systemd/system/$name.service" ] && command -v systemctl >/dev/null; then
      "${as_root[@]}" systemctl --quiet disable "$name" </dev/null >/dev/null 2>&1 ||
        echo "note: the service $name could not be disabled; it may start at the next boot"
    fi
  done
}

# packages_fail LOG SENTENCE
packages_fail() {
  tail -n 25 "$1" >&2
  rm -f "$1"
  echo "$2" >&2
  exit 1
}
