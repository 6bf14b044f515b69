"""A chat in the terminal that comes back with jitter after a cut, misses nothing and repeats nothing."""

import asyncio, json, random, sys, threading, uuid
from contextlib import suppress
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

CHANNEL = "public:lobby"


class Chat:
    socket = unsaid = None  # the socket while subscribed; the line that the server has not confirmed yet
    position, attempts = {}, 0  # the position of the newest line that was shown

    async def stay(self, url):
        while True:
            try:
                async with connect(url, close_timeout=1) as socket:  # it pings, and closes a line that is dead
                    await self.listen(socket)
            except (OSError, WebSocketException) as error:
                # 1009: the line was too long; from 3500 and 4500 on: not welcome. Coming back would change nothing.
                if (close := getattr(error, "rcvd", None)) and (close.code == 1009 or close.code % 1000 >= 500):
                    sys.exit(close.reason)
            self.socket, self.attempts = None, self.attempts + 1
            await asyncio.sleep(random.uniform(0, min(20, 2 ** min(self.attempts, 7) / 4)))

    async def listen(self, socket):
        subscribe = {"channel": CHANNEL, "recover": bool(self.position), **self.position}
        await socket.send('{"id": 1, "connect": {}}\n' + json.dumps({"id": 2, "subscribe": subscribe}))
        async for frame in socket:
            for line in frame.strip().split("\n"):
                match json.loads(line):
                    case {"error": {"temporary": True}} | {"push": {"unsubscribe": _}}:
                        return
                    case {"error": error}:
                        sys.exit(error["message"])
                    case {"subscribe": {"epoch": epoch, **rest}}:
                        if self.position and not rest.get("recovered"):
                            print("some lines were lost", file=sys.stderr)
                        self.position = {"epoch": epoch, "offset": rest.get("offset", 0)}
                        self.socket, self.attempts = socket, 0
                        if self.unsaid:
                            await socket.send(self.unsaid)
                    case {"id": 3}:
                        self.unsaid = self.confirmed.set_result(None)
                    case {"push": {"pub": {"data": line, "offset": offset}}}:
                        print(line, flush=True)
                        self.position["offset"] = offset
                    case ping if not ping:
                        await socket.send("{}")

    async def say(self, line):
        # The key stays when the line is said again after a cut, so that nobody hears it twice.
        data = {"channel": CHANNEL, "data": line, "key": uuid.uuid4().hex}
        self.unsaid = json.dumps({"id": 3, "rpc": {"method": "tide.publish", "data": data}})
        self.confirmed = asyncio.get_running_loop().create_future()
        with suppress(AttributeError, WebSocketException):  # without a socket, or with one that ends: said later
            await self.socket.send(self.unsaid)
        await self.confirmed


async def main(url, name):
    def read():
        for text in sys.stdin:
            asyncio.run_coroutine_threadsafe(chat.say(f"{name}: {text.rstrip()}"), loop).result()

    chat, loop = Chat(), asyncio.get_running_loop()
    threading.Thread(target=read, daemon=True).start()
    await chat.stay(url)


asyncio.run(main(*sys.argv[1:]))
