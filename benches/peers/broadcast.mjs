// The seed's server, extended the obvious way: everybody hears what anybody says. With "gathering" what comes in one turn
// of the event loop is written to each socket at once.
import { WebSocketServer } from "ws";

const gathering = process.argv[2] === "gathering";
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false }, () => {
  console.log(`listening on ws://127.0.0.1:${server.address().port}`);
});
let turn = [];

function hand_out() {
  const lines = turn;
  turn = [];
  for (const client of server.clients) {
    client._socket.cork();
    for (const line of lines) client.send(line);
    client._socket.uncork();
  }
}

server.on("connection", (socket) => {
  socket.on("message", (data) => {
    const line = data.toString();
    if (gathering) {
      if (turn.push(line) === 1) setImmediate(hand_out);
    } else {
      for (const client of server.clients) client.send(line);
    }
  });
  socket.on("error", () => {});
});
