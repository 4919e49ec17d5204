export class Studio {
  answer(request, response) {
    response.writeHead(404);
    response.end('{}');
  }
  upgrade(request, socket) {
    socket.destroy();
  }
  reset() {}
  dropSockets() {}
  misbehave() {}
  close() {}
}
