#!/usr/bin/env bash
# Turns a fresh Ubuntu 24.04 machine into a FlowLlama instance. Runs at every boot and may run any number of times:
# each step looks at what is there first. Everything it needs to know is in /etc/flowllama/instance.json; values are
# read from that file one by one, checked, and only ever used as quoted arguments.
set -Eeuo pipefail

readonly CONFIG=/etc/flowllama/instance.json
readonly HOME_DIR=/opt/flowllama
readonly TLS_DIR=/etc/flowllama/tls
readonly RUN_DIR=/run/flowllama
readonly DOWNLOADS=/var/cache/flowllama
readonly TAG='^([a-z0-9][a-z0-9_-]{0,63}/)?[a-z0-9][a-z0-9._-]{0,63}(:[A-Za-z0-9._-]{1,64})?$'
readonly HUGGING_FACE_TAG='^hf\.co(/[A-Za-z0-9][A-Za-z0-9._-]{0,95}){2}:[A-Za-z0-9._-]{1,64}$'

main() {
  trap 'failed "step at line $LINENO ended with status $?"' ERR
  # systemd's own limit ends a start that takes too long; whoever waits should hear of it.
  trap 'failed "the start was ended from outside, or took too long"' TERM
  umask 022
  prepare_directories
  phase booting
  read_config
  install_packages
  make_certificate
  start_door
  ship_logs
  check_drivers
  install_ollama
  start_ollama
  pull_model
  fill_cache
}

# phase NAME [DETAIL]: replaces the phase file in one step; JSON is written by Python, never by hand.
phase() {
  python3 -I -S -c 'import json, sys; print(json.dumps({"phase": sys.argv[1], "progress_pct": None, "detail": sys.argv[2] or None}))' \
    "$1" "${2:-}" >"$RUN_DIR/phase.new"
  mv "$RUN_DIR/phase.new" "$RUN_DIR/phase.json"
}

failed() {
  trap - ERR
  phase failed "$1"
  echo "flowllama: $1" >&2
  exit 1
}

# value A.B: the scalar at that place of instance.json, or nothing where there is none.
value() {
  python3 -I -S -c '
import json, sys
found = json.load(open(sys.argv[1]))
for key in sys.argv[2].split("."):
    found = (found or {}).get(key)
print("" if found is None else found)' "$CONFIG" "$1"
}

# instance MODULE: one of our own programs.
instance() {
  (cd "$HOME_DIR" && exec python3 -B -m "instance.$1")
}

# expect NAME VALUE PATTERN: stops when a value isn't what its name says.
expect() {
  [[ $2 != *$'\n'* && $2 =~ $3 ]] || failed "$1 in instance.json is not valid"
}

prepare_directories() {
  getent passwd flowllama >/dev/null || useradd --system --shell /usr/sbin/nologin --home-dir /var/lib/flowllama flowllama
  install -d -m 755 "$RUN_DIR" "$TLS_DIR"
  install -d -m 750 -o flowllama -g flowllama /var/lib/flowllama
  chown root:flowllama "$CONFIG"
  chmod 640 "$CONFIG"
}

read_config() {
  cloud=$(value cloud)
  arch=$(value arch)
  gpu_kind=$(value gpu_kind)
  gpu_count=$(value gpu_count)
  model_tag=$(value model.tag)
  context_size=$(value model.context_size)
  parallel=$(value model.parallel)
  kv_type=$(value model.kv_type)
  ollama_version=$(value ollama.version)
  ollama_sha256=$(value ollama.sha256)
  model_bucket=$(value model_bucket)
  log_agent_url=$(value logs.agent_url)
  log_agent_sha256=$(value logs.agent_sha256)
  expect cloud "$cloud" '^(aws|gcp)$'
  expect arch "$arch" '^(x86_64|arm64)$'
  expect gpu_kind "$gpu_kind" '^[A-Za-z0-9-]{0,16}$'
  expect gpu_count "$gpu_count" '^[0-9]{1,2}$'
  expect model.context_size "$context_size" '^[0-9]{3,8}$'
  expect model.parallel "$parallel" '^[0-9]{1,2}$'
  expect model.kv_type "$kv_type" '^(f16|q8_0|q4_0)$'
  expect ollama.version "$ollama_version" '^[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}$'
  expect ollama.sha256 "$ollama_sha256" '^[0-9a-f]{64}$'
  expect model_bucket "$model_bucket" '^([a-z0-9][a-z0-9-]{1,61}[a-z0-9])?$'
  expect logs.agent_url "$log_agent_url" '^(https://[A-Za-z0-9._~:/%+-]{1,400}\.deb)?$'
  expect logs.agent_sha256 "$log_agent_sha256" '^([0-9a-f]{64})?$'
  [[ $model_tag =~ $HUGGING_FACE_TAG ]] || expect model.tag "$model_tag" "$TAG"
}

install_packages() {
  local command missing=
  for command in caddy curl openssl zstd; do
    command -v "$command" >/dev/null || missing=$command
  done
  [[ -n $missing ]] || return 0
  # The package would start Caddy with a welcome page on port 80; ours is another unit.
  systemctl mask --quiet caddy.service
  export DEBIAN_FRONTEND=noninteractive
  local attempt
  for attempt in 1 2 3 4 5; do
    if apt-get -q -o DPkg::Lock::Timeout=120 update && apt-get -q -y -o DPkg::Lock::Timeout=120 install caddy curl openssl zstd; then
      return
    fi
    sleep $((attempt * 5))
  done
  failed "the packages could not be installed"
}

# A root of its own signs one leaf and its key is thrown away: nothing else can ever be signed with it.
make_certificate() {
  if [[ ! -s $TLS_DIR/leaf.pem || ! -s $TLS_DIR/ca.pem ]]; then
    local work address addresses names=IP:127.0.0.1
    work=$(mktemp -d)
    addresses=$(instance cloud) || failed "the metadata service does not tell this machine's addresses"
    while read -r address; do
      [[ $address =~ ^[0-9]{1,3}(\.[0-9]{1,3}){3}$ ]] && names+=",IP:$address"
    done <<<"$addresses"
    (
      umask 077
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj '/CN=FlowLlama instance root' \
        -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign \
        -keyout "$work/ca.key" -out "$work/ca.pem"
      openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=FlowLlama instance' \
        -keyout "$work/leaf.key" -out "$work/leaf.csr"
      printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\nbasicConstraints=critical,CA:FALSE\n' "$names" >"$work/leaf.ext"
      openssl x509 -req -in "$work/leaf.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 3649 \
        -extfile "$work/leaf.ext" -out "$work/leaf.pem"
    )
    install -m 640 -g caddy "$work/leaf.key" "$TLS_DIR/leaf.key"
    install -m 644 "$work/ca.pem" "$TLS_DIR/ca.pem"
    install -m 644 "$work/leaf.pem" "$TLS_DIR/leaf.pem"
    rm -rf "$work"
  fi
}

# The door opens before Ollama is there, so that health can follow the rest of the boot.
start_door() {
  systemctl daemon-reload
  systemctl enable --quiet --now flowllama-guard.service flowllama-edge.service flowllama-interruption.service
}

# The agent's own files came with cloud-init; what is left is the package. A machine that can't ship its logs still
# serves: the reason is in the boot's own log.
ship_logs() {
  [[ -n $log_agent_url ]] || return 0
  phase installing "the log agent"
  local package=amazon-cloudwatch-agent
  [[ $cloud == aws ]] || package=google-cloud-ops-agent
  if ! { installed "$package" || install_log_agent; } || ! start_log_agent; then
    echo "flowllama: the logs of this machine stay on it" >&2
  fi
}

installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true) == installed ]]
}

# No package archive of Ubuntu's has the agents, so the package comes from a pinned address and must have its checksum.
install_log_agent() {
  local package=$DOWNLOADS/log-agent.deb
  download "$log_agent_url" "$package" "$log_agent_sha256" || return 1
  # Google's package has a configuration in the place of ours. Without a word dpkg would ask which one to keep, and fail.
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold \
    install "$package" || return 1
  rm -f "$package"
}

start_log_agent() {
  if [[ $cloud == gcp ]]; then
    systemctl restart google-cloud-ops-agent.service
  else
    /opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s \
      -c file:/etc/flowllama/cloudwatch-agent.json
  fi
}

# download URL FILE SHA256: the file, only if it is the one that was meant.
download() {
  install -d -m 700 "$DOWNLOADS"
  curl -fsSL --proto '=https' --proto-redir '=https' --retry 8 --retry-all-errors --output "$2" "$1" || return 1
  if ! sha256sum --check --status <<<"$3  $2"; then
    rm -f "$2"
    echo "flowllama: $1 does not have the pinned checksum" >&2
    return 1
  fi
}

check_drivers() {
  [[ -n $gpu_kind ]] || return 0
  phase drivers "$gpu_count x $gpu_kind"
  local attempt said seen=0
  for attempt in 1 2 3 4 5 6; do
    said=$(nvidia-smi --list-gpus 2>&1 || true)
    seen=$(grep -c '^GPU ' <<<"$said" || true)
    ((seen < gpu_count)) || return 0
    sleep $((attempt * 5))
  done
  command -v nvidia-smi >/dev/null || failed "$gpu_kind was ordered, but this image has no NVIDIA driver"
  ((seen == 0)) || failed "$gpu_count x $gpu_kind were ordered, but the driver finds $seen"
  said=${said##*$'\n'}
  failed "$gpu_kind was ordered, but the driver finds none: ${said:0:120}"
}

install_ollama() {
  phase installing "ollama $ollama_version"
  if [[ -x /usr/local/bin/ollama && $(cat /usr/local/lib/ollama.sha256 2>/dev/null) == "$ollama_sha256" ]]; then
    return
  fi
  local name=amd64 archive
  [[ $arch == x86_64 ]] || name=arm64
  archive=$DOWNLOADS/ollama-linux-$name.tar.zst
  download "https://github.com/ollama/ollama/releases/download/v$ollama_version/ollama-linux-$name.tar.zst" \
    "$archive" "$ollama_sha256" || failed "the Ollama archive did not come, or does not have the pinned checksum"
  rm -rf /usr/local/lib/ollama
  tar --zstd --no-same-owner -xf "$archive" -C /usr/local
  rm -rf "$DOWNLOADS"
  echo "$ollama_sha256" >/usr/local/lib/ollama.sha256
}

start_ollama() {
  getent passwd ollama >/dev/null || useradd --system --shell /usr/sbin/nologin --home-dir /var/lib/ollama ollama
  local group
  for group in render video; do
    getent group "$group" >/dev/null && usermod -aG "$group" ollama
  done
  install -d -m 750 -o ollama -g ollama /var/lib/ollama
  # Context and parallelism are always said: Ollama's own defaults grow with the GPU's memory.
  cat >/etc/flowllama/ollama.env <<ENV
OLLAMA_HOST=127.0.0.1:11435
OLLAMA_MODELS=/var/lib/ollama/models
OLLAMA_CONTEXT_LENGTH=$context_size
OLLAMA_NUM_PARALLEL=$parallel
OLLAMA_KV_CACHE_TYPE=$kv_type
OLLAMA_FLASH_ATTENTION=1
OLLAMA_KEEP_ALIVE=-1
OLLAMA_MAX_LOADED_MODELS=1
ENV
  systemctl enable --quiet flowllama-ollama.service
  # A second run must not cut off who is being answered.
  local running
  running="$ollama_sha256 $(sha256sum </etc/flowllama/ollama.env)"
  if [[ $(cat "$RUN_DIR/ollama.running" 2>/dev/null || true) != "$running" ]]; then
    systemctl restart flowllama-ollama.service
    echo "$running" >"$RUN_DIR/ollama.running"
  fi
  curl -sS -f -o /dev/null --retry 60 --retry-delay 1 --retry-all-errors -m 5 http://127.0.0.1:11435/api/version
}

pull_model() {
  phase pulling
  local said
  said=$(instance pull_model 2>&1) || failed "${said##*$'\n'}"
  [[ -z $said ]] || echo "$said" >&2
}

# Nobody waits for the copy, and nothing depends on it.
fill_cache() {
  [[ -z $model_bucket ]] || systemctl start --no-block flowllama-cache.service || true
}

main "$@"
