#!/usr/bin/env bash
# The project's verbs. './do help' lists them.
set -euo pipefail
cd "$(dirname "$0")"

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
die() { printf './do: %s\n' "$*" >&2; exit 1; }

build_packages=(build-essential cmake ninja-build ccache mold pkg-config git ca-certificates
  libavformat-dev libavcodec-dev libavfilter-dev libavutil-dev libswscale-dev libswresample-dev
  libwebsockets-dev libsrt-gnutls-dev libsqlite3-dev libsodium-dev libssl-dev zlib1g-dev libnghttp2-dev libseccomp-dev
  libcurl4-openssl-dev libebur128-dev libpango1.0-dev libicu-dev nlohmann-json3-dev libfmt-dev libtomlplusplus-dev catch2
  fonts-noto-cjk nodejs npm openssl curl ffmpeg)
test_packages=(clang-19 llvm-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev chromium nginx-light libnginx-mod-nchan procps
  gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
  gstreamer1.0-plugins-ugly gstreamer1.0-libav)

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

install_packages() {
  local missing=()
  for package in "$@"; do
    # A newer Node from elsewhere brings its own npm; Debian's would only get in its way.
    case "$package" in nodejs | npm) command -v "${package/nodejs/node}" >/dev/null && continue ;; esac
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  say "installing from Debian: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

install_pages() {
  local stamp=web-player/node_modules/.lock-installed
  if ! cmp -s web-player/package-lock.json "$stamp"; then
    say "installing the web pages' packages from npm"
    (cd web-player && npm ci --no-audit --no-fund --loglevel=error)
    cp web-player/package-lock.json "$stamp"
  fi
}

do_setup() {  # install what building and running need (apt, npm); safe to repeat
  install_packages "${build_packages[@]}"
  install_pages
}

do_setup_tests() {  # the same, and what the tests need besides
  install_packages "${build_packages[@]}" "${test_packages[@]}"
  install_pages
}

configure() { [ -f "build/$1/build.ninja" ] || cmake --preset "$1" >/dev/null; }

do_build() {  # [preset] [targets]: build the server (or the targets) in the release preset (or another), and the pages
  local preset="${1:-release}"
  shift $(($# > 0))
  do_setup
  configure "$preset"
  say "building the server ($preset)"
  [ $# -gt 0 ] || set -- openday openday-venue
  cmake --build --preset "$preset" --target "$@"
  do_pages
}

do_pages() {  # build the web pages
  if [ ! -f web-player/dist/.built ] || [ -n "$(find web-player -newer web-player/dist/.built \
      -not -path '*/node_modules*' -not -path '*/dist*' -type f -print -quit)" ]; then
    say "building the web pages"
    (cd web-player && npm run --silent build && touch dist/.built)
  fi
}

do_demo() {  # install, build and run a broadcast of three synthetic venues until Ctrl-C
  do_build
  exec scripts/demo "$@"
}

do_lint() {  # formatting, include directions, the pages' linters
  do_setup_tests
  say "formatting"
  git ls-files '*.cc' '*.h' | xargs clang-format-19 --dry-run -Werror
  say "include directions"
  scripts/check-includes
  say "pages"
  (cd web-player && npm run --silent format:check && npm run --silent lint && npm run --silent typecheck)
}

do_format() {  # rewrite the sources in the house's format
  git ls-files '*.cc' '*.h' | xargs clang-format-19 -i
  (cd web-player && npm run --silent format)
}

do_test() {  # install, build and pass all tests: linters, ASan+UBSan, TSan, the whole server in real time, the pages in Chromium
  do_setup_tests
  exec scripts/test-all "$@"
}

do_unit() {  # [ctest arguments]: the quick tests only, in the dev build
  configure dev
  cmake --build --preset dev
  ctest --test-dir build/dev -L unit --output-on-failure -j "$(nproc)" "$@"
}

do_fuzz() {  # [target] [seconds]: fuzz every parser of untrusted bytes, or one
  do_setup_tests
  exec scripts/fuzz "$@"
}

do_bench() {  # [name]: mix, glass, origin, join, memory, fanout, commit, removal, or all
  do_setup_tests
  do_build release openday all_benches
  exec scripts/bench "$@"
}

do_clean() {  # remove what the other verbs made
  rm -rf build artifacts web-player/dist web-player/node_modules
}

do_help() {  # this list
  echo "usage: ./do VERB"
  sed -nE 's/^do_([a-z_]+)\(\) \{  # (.*)$/  \1\t\2/p' "$0" | tr '_' '-' | expand -t 16
}

verb="${1:-help}"
shift || true
declare -F "do_${verb//-/_}" >/dev/null || die "unknown verb '$verb'; './do help' lists them"
"do_${verb//-/_}" "$@"
