"""A headless Chromium that is asked by its own protocol; Debian's package is installed where that is possible."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import tempfile

import pytest
from tornado.websocket import websocket_connect

INSTALL = ("apt-get", "install", "-y", "--no-install-recommends", "chromium")


def chromium():
    """Return the path of Chromium, installed if need be; skip where it cannot be."""
    found = shutil.which("chromium")
    if found is None and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(("apt-get", "update"), capture_output=True, check=False)
        subprocess.run(INSTALL, capture_output=True, check=False)
        found = shutil.which("chromium")
    if found is None:
        pytest.skip(f"the page is looked at in Chromium, which is not there: {' '.join(INSTALL)} as root installs it")
    return found


class Page:
    """A page in a browser: what it logs, and what its script answers."""

    def __init__(self, socket):
        self.socket, self.number, self.logged = socket, 0, []

    async def call(self, method, **parameters):
        self.number += 1
        await self.socket.write_message(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(await self.socket.read_message())
            if answer.get("id") == self.number:
                return answer["result"]
            self.logged.append(answer)

    async def event(self, method):
        """Wait until the browser tells of an event."""
        while not any(one.get("method") == method for one in self.logged):
            self.logged.append(json.loads(await self.socket.read_message()))

    async def run(self, script):
        """Return the value of a script."""
        answer = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def errors(self):
        """What the console and the network complained of."""
        bad = [one for one in self.logged if one["method"] in ("Runtime.exceptionThrown", "Network.loadingFailed")]
        return bad + [one for one in self.logged if one.get("params", {}).get("entry", {}).get("level") == "error"]


NO_GPU = ("--disable-gpu",)
# WebGL, drawn by the processor
SOFTWARE_GPU = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


def visit(url, script, width=390, graphics=NO_GPU):
    """Open a page in a browser of a phone's width and return what an async function of the page returns."""
    # its processes may write for a moment after the first has ended
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = (
            "--headless",
            "--no-sandbox",
            *graphics,
            "--remote-debugging-port=0",
            f"--window-size={width},900",
        )
        command = (chromium(), *options, f"--user-data-dir={profile}", "about:blank")
        browser = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            address = next(
                found[1] for line in browser.stderr if (found := re.search(r"listening on (ws://\S+)", line))
            )
            return asyncio.run(_visit(address, url, script))
        finally:
            browser.kill()
            browser.wait()
            browser.stderr.close()


async def _visit(address, url, script):
    socket = await websocket_connect(address, max_message_size=2**28)
    browser = Page(socket)
    target = (await browser.call("Target.createTarget", url="about:blank"))["targetId"]
    page = Page(await websocket_connect(re.sub(r"/devtools/.*", f"/devtools/page/{target}", address)))
    for domain in ("Page", "Runtime", "Log", "Network"):
        await page.call(f"{domain}.enable")
    await page.call("Page.navigate", url=url)
    await page.event("Page.loadEventFired")
    return await script(page)
