"""Answers that all handlers give alike."""

from aiohttp import web


def json_error(status: int, message: str) -> web.Response:
    """A refusal or a failure for a program to read: `{"error": message}`."""
    return web.json_response({"error": message}, status=status)
