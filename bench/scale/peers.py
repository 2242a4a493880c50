"""What others take for the same: Prometheus' blackbox_exporter, asked directly or by a Prometheus."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp

from bench.scale.rig import free_port, handles
from watcher.settings.load import load_platforms

EXPORTER: Final = "prometheus-blackbox-exporter"
_PATTERNS: Final = 40
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_MODULE: Final = """  {name}:
    prober: http
    timeout: 10s
    http:
      tls_config: {{ca_file: {ca_file}}}
      fail_if_body_matches_regexp:
"""


def is_here(*programs: str) -> bool:
    """True where all of these are installed."""
    return all(shutil.which(program) for program in programs)


def cpu_of(pid: int) -> float:
    """The processor seconds of a process since its start."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_of(pid: int) -> float:
    """The memory that a process holds, in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def patterns() -> list[str]:
    """Forty texts of missing pages in many languages, as regular expressions."""
    known = {phrase.text for platform in load_platforms(None).values() for phrase in platform.phrases}
    plain = sorted(text for text in known if text.replace(" ", "").isalpha() and len(text) > 15)
    return plain[:: max(1, len(plain) // _PATTERNS)][:_PATTERNS]


@asynccontextmanager
async def _running(*command: str | Path) -> AsyncIterator[int]:
    null = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*map(str, command), stdout=null, stderr=null)
    try:
        yield process.pid
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def blackbox(directory: Path) -> AsyncIterator[tuple[int, int]]:
    """The exporter's pid and port; its modules are `list` and `alternation`."""
    ca_file, port, known = directory / "ca.pem", free_port(), patterns()
    listed = "".join(f"        - '{pattern}'\n" for pattern in known)
    one = f"        - '(?i)({'|'.join(known)})'\n"
    config = directory / "blackbox.yml"
    config.write_text(
        "modules:\n"
        + _MODULE.format(name="list", ca_file=ca_file)
        + listed
        + _MODULE.format(name="alternation", ca_file=ca_file)
        + one
    )
    address = f"--web.listen-address=127.0.0.1:{port}"
    async with _running(EXPORTER, f"--config.file={config}", address) as pid:
        await _until_it_answers(f"http://127.0.0.1:{port}/-/healthy")
        yield pid, port


async def _until_it_answers(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(200):
            try:
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise TimeoutError(url)


async def cost_of(blackbox_at: tuple[int, int], module: str, site: int, checks: int) -> float:
    """Its CPU seconds a check, of so many, twenty at a time."""
    pid, port = blackbox_at
    targets = iter(range(checks))
    before = cpu_of(pid)
    async with aiohttp.ClientSession() as session:

        async def ask() -> None:
            for number in targets:
                query = {"module": module, "target": f"https://localhost:{site}/u{number % 1000:07d}"}
                async with session.get(f"http://127.0.0.1:{port}/probe", params=query) as answer:
                    assert "probe_success 1" in await answer.text()

        await asyncio.gather(*(ask() for _ in range(20)))
    return (cpu_of(pid) - before) / checks


@asynccontextmanager
async def prometheus(directory: Path, exporter: int, site: int, accounts: int, interval: str) -> AsyncIterator[int]:
    """A Prometheus that has the exporter look at so many accounts, as its documentation says; its pid."""
    targets = ", ".join(f'"https://localhost:{site}/{handle}"' for handle in handles(accounts))
    config, port = directory / "prometheus.yml", free_port()
    config.write_text(
        f"global: {{scrape_interval: {interval}, scrape_timeout: 10s}}\nscrape_configs:\n- job_name: blackbox\n"
        f"  metrics_path: /probe\n  params: {{module: [list]}}\n  static_configs:\n  - targets: [{targets}]\n"
        "  relabel_configs:\n  - {source_labels: [__address__], target_label: __param_target}\n"
        "  - {source_labels: [__param_target], target_label: instance}\n"
        f'  - {{target_label: __address__, replacement: "127.0.0.1:{exporter}"}}\n'
    )
    arguments = (f"--config.file={config}", f"--storage.tsdb.path={directory / 'tsdb'}")
    async with _running("prometheus", *arguments, f"--web.listen-address=127.0.0.1:{port}") as pid:
        await _until_it_answers(f"http://127.0.0.1:{port}/-/ready")
        yield pid
