"""config/kubernetes: the manifests say what the image, the program and each other say, and kubectl knows every key."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from watcher import __version__
from watcher.settings.load import load_all
from watcher.web.guard import HostAllowList

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "config/kubernetes"
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
MANIFESTS: Mapping[str, Any] = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in FOLDER.glob("*.yaml")}
POD = MANIFESTS["deployment"]["spec"]["template"]
CONTAINER = POD["spec"]["containers"][0]


def kubectl(*words: str | Path) -> str:
    """What kubectl says to a call that asks no cluster. Skips where there is none."""
    found = shutil.which("kubectl")
    if found is None:
        pytest.skip("kubectl is not installed")
    command = [found, *map(str, words)]
    env = {"PATH": os.environ["PATH"], "KUBECONFIG": "/dev/null"}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50, env=env)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a document with its place."""
    match value:
        case dict():
            for key, inner in value.items():
                yield from leaves(inner, f"{at}.{key}")
        case list():
            for number, inner in enumerate(value):
                yield from leaves(inner, f"{at}[{number}]")
        case _:
            yield at, value


def dropped(manifest: Path, *change: str) -> list[str]:
    """The places of what kubectl drops when it reads a manifest as an object of its kind and changes it so."""
    read = kubectl("set", *change[:1], "--local", "--output=json", f"--filename={manifest}", *change[1:])
    written = dict(leaves(yaml.safe_load(manifest.read_text("utf-8"))))
    return sorted(set(written) - set(dict(leaves(json.loads(read)))))


def test_kubectl_knows_every_key(tmp_path: Path) -> None:
    """It has a place for all that is written; a mistyped key it would drop."""
    image = ("image", "watcher=registry.example/watcher:other")
    assert dropped(FOLDER / "deployment.yaml", *image) == []
    assert dropped(FOLDER / "service.yaml", "selector", "app.kubernetes.io/name=watcher") == []
    faulty = tmp_path / "deployment.yaml"
    faulty.write_text((FOLDER / "deployment.yaml").read_text("utf-8").replace("runAsNonRoot", "runAsNoRoot"))
    assert dropped(faulty, *image) == [".spec.template.spec.securityContext.runAsNoRoot"]


def test_the_secret_of_the_how_to(tmp_path: Path) -> None:
    """The command of the page makes a Secret of the name that the pod mounts, with a key named as the file."""
    page = (ROOT / "docs/how-to/kubernetes.md").read_text("utf-8")
    found = re.search(r"^kubectl (.*create secret .*)$", page, re.MULTILINE)
    assert found is not None
    (tmp_path / "slack_webhook_url").write_text("https://hooks.slack.com/services/T/B/X")
    words = found[1].replace("=slack_webhook_url", f"={tmp_path}/slack_webhook_url").split()
    made = json.loads(kubectl(*words, "--dry-run=client", "--output=json"))
    [volume] = [each for each in POD["spec"]["volumes"] if each["name"] == "secrets"]
    assert (made["metadata"]["name"], list(made["data"])) == (volume["secret"]["secretName"], ["slack_webhook_url"])
    assert "/run/secrets/watcher/slack_webhook_url" in MANIFESTS["configmap"]["data"]["watcher.yaml"]


def test_there_is_never_a_second_one() -> None:
    """One replica, and the old pod is gone before the new one is made."""
    spec = MANIFESTS["deployment"]["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert spec["selector"]["matchLabels"].items() <= POD["metadata"]["labels"].items()
    assert spec["selector"]["matchLabels"] == MANIFESTS["service"]["spec"]["selector"]


def test_the_container_is_that_of_the_image() -> None:
    """User, port, version and the time to end are those of the Dockerfile; nothing is writable but volumes."""
    [user] = re.findall(r"^USER (\d+):\1$", DOCKERFILE, re.MULTILINE)
    pod, inside = POD["spec"]["securityContext"], CONTAINER["securityContext"]
    assert {pod["runAsUser"], pod["runAsGroup"], pod["fsGroup"]} == {int(user)}
    assert pod["runAsNonRoot"]
    assert inside == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    [port] = CONTAINER["ports"]
    assert f"EXPOSE {port['containerPort']}\n" in DOCKERFILE
    assert MANIFESTS["service"]["spec"]["ports"] == [{"name": "http", "port": 11102, "targetPort": port["name"]}]
    assert CONTAINER["image"].endswith(f"/watcher:{__version__}")
    assert POD["spec"]["terminationGracePeriodSeconds"] > 10
    assert '"run", "--config", "/etc/watcher/watcher.yaml"' in DOCKERFILE
    assert "command" not in CONTAINER
    assert "args" not in CONTAINER


def test_what_is_mounted_is_there() -> None:
    """Each volume is one of the manifests, and is where the image and the settings look for it."""
    mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in POD["spec"]["volumes"]}
    assert mounts == {"data": "/data", "config": "/etc/watcher", "secrets": "/run/secrets/watcher", "tmp": "/tmp"}
    assert set(volumes) == set(mounts)
    assert volumes["config"]["configMap"]["name"] == MANIFESTS["configmap"]["metadata"]["name"]
    assert volumes["data"]["persistentVolumeClaim"]["claimName"] == MANIFESTS["pvc"]["metadata"]["name"]
    assert MANIFESTS["pvc"]["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_the_settings_are_taken(tmp_path: Path) -> None:
    """The files of the ConfigMap, with the line for Slack once it is wanted; the state is in the volume."""
    for name, text in MANIFESTS["configmap"]["data"].items():
        (tmp_path / name).write_text(text)
    loaded = load_all(tmp_path / "watcher.yaml", {})
    assert loaded.settings.state_dir.is_relative_to("/data")
    assert (loaded.settings.web.host, loaded.settings.web.port) == ("0.0.0.0", 11102)
    (tmp_path / "slack_webhook_url").write_text("https://hooks.slack.com/services/T/B/X")
    text = (tmp_path / "watcher.yaml").read_text().replace("# - {name: newsroom", "- {name: newsroom")
    (tmp_path / "watcher.yaml").write_text(text.replace("/run/secrets/watcher", str(tmp_path)))
    assert {each.name for each in load_all(tmp_path / "watcher.yaml", {}).settings.channels} == {"log", "newsroom"}


def test_probes_and_prometheus_are_answered(tmp_path: Path) -> None:
    """They ask addresses that there are, under a name that is let in; another name would not be."""
    probes = {kind: CONTAINER[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert {kind: probe["path"] for kind, probe in probes.items()} == {
        "startup": "/-/healthy",
        "liveness": "/-/healthy",
        "readiness": "/-/ready",
    }
    for name, text in MANIFESTS["configmap"]["data"].items():
        (tmp_path / name).write_text(text)
    web = load_all(tmp_path / "watcher.yaml", {}).settings.web
    allowed = HostAllowList(web.host, web.allow_hosts)
    for probe in probes.values():
        assert [allowed.refusal((each["value"],)) for each in probe["httpHeaders"] if each["name"] == "Host"] == [None]
    page = (ROOT / "docs/how-to/kubernetes.md").read_text("utf-8")
    [target] = re.findall(r'targets: \["([^"]+)"\]', page)
    assert allowed.refusal((target,)) is None
    assert allowed.refusal(("10.1.2.3:11102",)) is not None
