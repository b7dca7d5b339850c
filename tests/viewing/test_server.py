import http.client
import logging
import shutil
import socket

import pytest

import terrazzo as tz
from terrazzo.errors import InputError, ParameterError

OUTSIDE = ("../../result.zarr/run.json", "..%2f..%2fresult.zarr%2frun.json", "%2e%2e/%2e%2e/slide.tif", "..", "%2e%2e")
OUTSIDE += ("/etc/passwd", "%2fetc%2fpasswd", "//etc/passwd", "file:///etc/passwd", "{slide}", "..%5c..%5cslide.tif")
OUTSIDE += ("image/%2e%2e/%2e%2e/slide.tif", "%252e%252e/run.json", "image/0/c/%ff", "image/0/c/%00")


def ask(port, path, method="GET"):
    """Send a path as it is, which browsers do not."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


@pytest.fixture
def page(slide):
    with tz.view(slide.image, slide.result) as page:
        yield page


@pytest.fixture
def root(page):
    return page.address.removeprefix(f"http://127.0.0.1:{page.port}")


def test_files_of_the_page_are_given_with_their_types(page, root):
    for name, kind in (
        ("", "text/html"),
        ("start.js", "text/javascript"),
        ("image/0/c/0/0/0", "application/octet-stream"),
    ):
        answer, body = ask(page.port, root + name)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == kind
        assert body
        assert ask(page.port, root + name, "HEAD")[0].status == 200


def test_nothing_outside_of_the_page_is_given(page, root, slide):
    for path in OUTSIDE:
        asked = path.format(slide=slide.image.path)
        for whole in (root + asked, asked if asked.startswith("/") else f"/{asked}"):
            answer, body = ask(page.port, whole)
            assert answer.status in (400, 404), whole
            assert b"made_from" not in body
            assert b"root:" not in body
    assert ask(page.port, root, "POST")[0].status == 405


def test_nobody_is_let_in_without_the_token(page, root):
    token = root.split("/")[2]
    for other in (token[:-1], token + "a", token.swapcase(), "", "%00", "%c3%a9"):
        answer, _ = ask(page.port, f"/v/{other}/start.js")
        assert answer.status == 404
    assert ask(page.port, "/start.js")[0].status == ask(page.port, "/")[0].status == 404
    assert len(token) >= 32


def test_only_this_machine_is_served(page):
    (listening,) = page._server._sockets
    assert listening.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_in_use_is_named(page, slide):
    with pytest.raises(InputError, match=f"port {page.port} is in use; choose another one with --port"):
        tz.view(slide.image, port=page.port)
    for port in (-1, 65536):
        with pytest.raises(ParameterError, match=f"port is {port}; give one from 1024 to 65535"):
            tz.view(slide.image, port=port)


def test_a_closed_page_leaves_its_port(slide):
    page = tz.view(slide.image)
    with socket.create_connection(("127.0.0.1", page.port)) as idle:
        page.close()
        assert idle.recv(1) == b""
    page.close()
    page.wait()
    with pytest.raises(ConnectionRefusedError):
        ask(page.port, "/")
    tz.view(slide.image, port=page.port).close()


def test_an_image_that_is_gone_is_said_and_the_page_goes_on(slide, tmp_path, caplog):
    copy = tmp_path / "slide.tif"
    shutil.copy(slide.image.path, copy)
    with tz.view(tz.open_image(copy)) as page, caplog.at_level(logging.WARNING):
        copy.unlink()
        root = page.address.removeprefix(f"http://127.0.0.1:{page.port}")
        assert ask(page.port, f"{root}image/0/c/0/0/0")[0].status == 500
        assert ask(page.port, root)[0].status == 200
    assert str(copy) in caplog.text


def test_a_notebook_shows_the_address(page):
    assert page.address in repr(page)
    assert f'href="{page.address}"' in page._repr_html_()
