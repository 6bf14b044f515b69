"""Speaks by the package centrifuge-python: obeys the lines it reads, and tells each thing that happens as a line (sdks/speaker.ts)."""

import asyncio
import json
import sys

from centrifuge import Client, ClientEventHandler, ReplyError, SubscriptionEventHandler

url, form = sys.argv[1:3]
is_protobuf = form == "Protobuf"


def tell(*fields):
    print(*fields, sep="\t", flush=True)


def to_data(text):
    return text.encode() if is_protobuf else json.loads(text)


def to_json(data):
    return data.decode() if is_protobuf else json.dumps(data)


class Events(ClientEventHandler):
    async def on_connected(self, context):
        tell("connected")

    async def on_connecting(self, context):
        tell("connecting", context.code)

    async def on_disconnected(self, context):
        tell("disconnected", context.code)


class ChannelEvents(SubscriptionEventHandler):
    def __init__(self, channel):
        self.channel = channel

    async def on_subscribed(self, context):
        how = "new" if not context.was_recovering else "recovered" if context.recovered else "lost"
        tell("subscribed", self.channel, how)

    async def on_unsubscribed(self, context):
        tell("unsubscribed", self.channel, context.code)

    async def on_publication(self, context):
        tell("publication", self.channel, context.pub.offset, to_json(context.pub.data))


async def ask(client, word, name, rest=""):
    try:
        if word == "publish":
            await client.publish(name, to_data(rest))
            tell("published")
        elif word == "history":
            history = await client.history(name, limit=int(rest))
            tell("history", history.offset, *(to_json(each.data) for each in history.publications))
        elif word == "presence":
            presence = await client.presence(name)
            tell("presence", *(each.user for each in presence.clients.values()))
        else:
            answer = await client.rpc(name, to_data(rest))
            tell("answer", to_json(answer.data))
    except ReplyError as error:
        tell("error", error.code)


async def main():
    tokens = asyncio.Queue()

    async def get_token():
        tell("token")
        return await tokens.get()

    client = Client(
        url,
        events=Events(),
        get_token=get_token,
        use_protobuf=is_protobuf,
        min_reconnect_delay=0.01,
        max_reconnect_delay=0.1,
    )
    loop = asyncio.get_running_loop()
    tasks = set()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        word, *fields = line.rstrip("\n").split("\t")
        if word == "connect":
            going = client.connect()
        elif word == "disconnect":
            going = client.disconnect()
        elif word == "token":
            going = tokens.put(fields[0])
        elif word == "subscribe":
            going = client.new_subscription(fields[0], events=ChannelEvents(fields[0])).subscribe()
        else:
            going = ask(client, word, *fields)
        tasks.add(asyncio.create_task(going))
    await client.disconnect()


asyncio.run(main())
