// Loaded before a server (`node --import`). Four duties a test partner has and a product has not: listen
// on loopback only, say when it accepts connections, die with the process that started it, and live ahead
// of time where a test cannot wait for it.
import { closeSync, writeSync } from 'node:fs';
import { Server } from 'node:net';

const readyFd = Number(process.env.FLUE_TEST_READY_FD ?? '-1');
const listen = Server.prototype.listen;

Server.prototype.listen = function (port, ...rest) {
  if (typeof port !== 'number') return listen.call(this, port, ...rest);
  this.once('listening', () => {
    if (readyFd < 0) return;
    writeSync(readyFd, `${this.address().port}\n`);
    closeSync(readyFd);
  });
  return listen.call(this, port, '127.0.0.1', ...rest.filter((value) => typeof value === 'function'));
};

if (process.env.FLUE_TEST_WATCH_STDIN === '1') {
  // The parent holds the other end and never writes: the end of input means that it is gone, even by SIGKILL.
  process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0)).resume();
}

const ahead = Number(process.env.FLUE_TEST_AHEAD_MS ?? '0');
if (ahead > 0) {
  const now = Date.now;
  Date.now = () => now() + ahead;
}
