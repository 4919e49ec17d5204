// What `./do bench fanout` compares with: ws, sending to everybody what anybody says. A message is framed once, and
// each socket gets it by one write.
import { createRequire } from "node:module";

const WebSocket = createRequire(new URL("../web-player/package.json", import.meta.url))("ws");
const server = new WebSocket.Server({
  host: "127.0.0.1",
  port: Number(process.argv[2]),
  backlog: 4096,
  perMessageDeflate: false,
});
server.on("connection", (socket) => {
  socket.on("message", (data) => {
    const frame = Buffer.concat(
      WebSocket.Sender.frame(data, { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true }),
    );
    for (const one of server.clients) one._socket.write(frame);
  });
});
