"""A chat in the terminal that comes back with jitter after a cut."""

import asyncio, random, sys, threading
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException


async def say(socket, typed):
    while True:
        await socket.send(await typed.get())


async def talk(url, typed):
    """Returns when the line is cut, with the code that the server closed it with."""
    async with connect(url, close_timeout=1) as socket:  # it pings, and closes a line that is dead
        saying = asyncio.create_task(say(socket, typed))
        try:
            async for text in socket:
                print(text, flush=True)
        except WebSocketException:
            pass  # the codes say what there is to say
        saying.cancel()
        await asyncio.gather(saying, return_exceptions=True)
        return socket.close_code, socket.close_reason


async def main(url, name):
    def read():
        for text in sys.stdin:
            loop.call_soon_threadsafe(typed.put_nowait, f"{name}: {text.rstrip()}")

    loop, typed, attempts = asyncio.get_running_loop(), asyncio.Queue(), 0
    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            code, reason = await talk(url, typed)
            # 1009: the line was too long; 4400, 4403 and from 4500 on: not welcome. Coming back would change nothing.
            if code in (1009, 4400, 4403) or code >= 4500:
                sys.exit(reason)
            attempts = 0
        except (OSError, WebSocketException):
            attempts += 1  # not reached
        # Everybody who was cut at the same moment returns at another one.
        await asyncio.sleep(random.uniform(0, min(20, 2 ** min(attempts, 6) / 2)))


asyncio.run(main(*sys.argv[1:]))
