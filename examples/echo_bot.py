"""Says again what is said to it: python3 echo_bot.py [ws://HOST:PORT [ROOM [NAME]]]. Written from docs/protocol.md alone;
needs `pip install websockets`. A guest, whose answers are lost with the connection: see there for keys, nonces and pages."""
import asyncio, json, re, sys
import websockets

async def main(url="ws://localhost:8080", room="lobby", name="echo"):
    async for host in websockets.connect(url, subprotocols=["wschat.v1"]):  # dials again, more slowly each time
        tell = lambda **command: host.send(json.dumps(command))
        try:
            async for frame in host:
                told = json.loads(frame)
                if told["type"] == "hello":
                    await tell(type="enter", name=name, bot=True)
                elif told["type"] == "welcome":
                    me = told["you"]["person"]
                    await tell(type="resume", cursors=[])
                elif told["type"] == "resumed":
                    await tell(type="join", room="#" + room)
                elif told["type"] == "joined":
                    print("in", told["place"]["to"], flush=True)  # and answers from now on
                elif told["type"] == "refused" and told["code"] == "name_taken":
                    await asyncio.sleep(1)  # perhaps oneself, of the connection before
                    await host.close()
                elif told.get("kind") == "said" and me in told.get("mentions", []) and not told["from"].get("bot"):
                    words = re.sub(rf"^@?{re.escape(name)}\b[:,]?\s*", "", told["text"])
                    await tell(type="say", to=told["to"], text=words or "yes?", reply_to=told["seq"])
        except websockets.ConnectionClosed:
            pass

asyncio.run(main(*sys.argv[1:]))
