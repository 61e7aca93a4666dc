// Throws dice for whoever says `!roll 2d6`: node dice_bot.js [ws://HOST:PORT [ROOM [NAME]]]. Written from docs/protocol.md
// alone; needs Node 22, or `npm install ws`. A guest, whose answers are lost with the connection: see there for keys and nonces.
const WebSocket = globalThis.WebSocket ?? require('ws');
const [url = 'ws://localhost:8080', room = 'lobby', name = 'dice'] = process.argv.slice(2);

function dial(wait = 250) {
  const host = new WebSocket(url, ['wschat.v1']);
  const tell = (command) => host.send(JSON.stringify(command));
  host.onerror = () => {}; // it closes then
  host.onclose = () => setTimeout(dial, wait, Math.min(2 * wait, 30_000));
  host.onmessage = ({ data }) => {
    const told = JSON.parse(data);
    if (told.type === 'hello') tell({ type: 'enter', name, bot: true });
    if (told.type === 'refused' && told.code === 'name_taken') host.close(); // oneself, of the connection before
    if (told.type === 'welcome') {
      wait = 250;
      tell({ type: 'resume', cursors: [] });
    }
    if (told.type === 'resumed') tell({ type: 'join', room: `#${room}` });
    if (told.type === 'joined') console.log('in', told.place.to); // and answers from now on
    const dice = told.kind === 'said' && !told.from.bot && told.text.match(/^!roll(?: (\d{1,2})d(\d{1,3}))?$/);
    if (!dice) return;
    const thrown = Array.from({ length: dice[1] ?? 1 }, () => 1 + Math.floor(Math.random() * (dice[2] ?? 6)));
    tell({ type: 'say', to: told.to, text: `${thrown.join(' + ')} = ${thrown.reduce((a, b) => a + b, 0)}`, reply_to: told.seq });
  };
}

dial();
