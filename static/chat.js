/* Kith's chatbot on any site: <script src="https://kith.example.com/static/chat.js" data-bot="front-desk" defer></script>
   It stands in a shadow root with a style sheet of its own, sets no cookie and writes no markup from text.
   sessionStorage holds the conversation's token and nothing else; it ends with the tab. */
(() => {
  const tag = document.currentScript, bot = tag?.dataset.bot;
  if (!bot || !HTMLElement.prototype.attachShadow) return;
  const base = new URL(tag.src).origin, key = `kith-chat:${bot}`;
  const words = {
    open: tag.dataset.label || 'Chat with us', title: tag.dataset.label || 'Chat', close: 'Close the chat', send: 'Send', answer: 'Your answer',
    optional: 'optional', skip: 'Skip', over: 'This conversation is over.', again: 'Start a new conversation', done: 'The conversation is finished.',
    lost: 'There is no connection. Your answer is kept.', retry: 'Send it again', link: 'Change or cancel it', you: 'You', said: 'Bot', zone: 'Times in', busy: 'Sending',
  };

  /* --- style: constructed, so that it works where the site allows no inline style */
  const css = `
  :host { all: initial; --ink: light-dark(#14171F, #ECEEF2); --ink-2: light-dark(#454C59, #B6BCC8); --surface: light-dark(#fff, #14161B); --sunken: light-dark(#F0F2F5, #20242C);
    --line: light-dark(#D6DAE1, #363C48); --edge: light-dark(#878E9B, #6F7786); --accent: light-dark(#2F54D1, #4467E0); --accent-ink: light-dark(#2A4CC0, #A3B8FF); --bad: light-dark(#A8242B, #FF9A9C);
    color-scheme: light dark; }
  * { box-sizing: border-box; margin: 0; font: 400 15px/1.45 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; letter-spacing: normal; }
  [hidden] { display: none !important; }
  :focus-visible { outline: 2px solid var(--accent-ink); outline-offset: 2px; }
  button { cursor: pointer; border: 0; }
  .launch { position: fixed; inset: auto 20px 20px auto; z-index: 2147483000; display: flex; align-items: center; gap: 8px; height: 52px; padding: 0 20px; border-radius: 26px; background: var(--accent); color: #fff; font-weight: 600; box-shadow: 0 6px 20px rgb(20 23 31 / .28); }
  .launch:focus-visible { outline-offset: 3px; }
  svg { width: 20px; height: 20px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; flex: none; }
  dialog { position: fixed; inset: auto 20px 20px auto; z-index: 2147483000; width: 380px; height: min(600px, calc(100dvh - 40px)); max-width: none; max-height: none; margin: 0; padding: 0; border: 1px solid var(--line); border-radius: 12px; background: var(--surface); color: var(--ink); overflow: hidden; box-shadow: 0 24px 56px -8px rgb(20 23 31 / .38); }
  dialog[open] { display: flex; flex-direction: column; }
  header { display: flex; align-items: center; gap: 8px; padding: 6px 6px 6px 16px; border-bottom: 1px solid var(--line); flex: none; }
  h2 { flex: 1; font-weight: 600; font-size: 16px; overflow-wrap: anywhere; }
  .x { display: grid; place-items: center; width: 44px; height: 44px; border-radius: 8px; background: none; color: var(--ink-2); }
  .x:hover { background: var(--sunken); }
  .log { flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; padding: 16px; }
  ol { display: grid; gap: 8px; padding: 0; list-style: none; }
  li { width: fit-content; max-width: 85%; padding: 8px 12px; border-radius: 12px 12px 12px 4px; background: var(--sunken); color: var(--ink); white-space: pre-line; overflow-wrap: anywhere; }
  li.visitor { justify-self: end; border-radius: 12px 12px 4px; background: var(--accent); color: #fff; }
  li a { color: var(--accent-ink); }
  .sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  footer { flex: none; max-height: 60%; overflow-y: auto; border-top: 1px solid var(--line); }
  form, .end { padding: 12px 16px 16px; }
  label, .label { display: block; margin-bottom: 6px; color: var(--ink-2); font-size: 13px; font-weight: 500; }
  .row { display: flex; gap: 8px; align-items: end; }
  input, textarea { flex: 1; min-width: 0; width: 100%; min-height: 44px; padding: 9px 12px; border: 1px solid var(--edge); border-radius: 8px; background: var(--surface); color: var(--ink); font-size: 16px; resize: none; }
  [aria-invalid="true"] { border-color: var(--bad); }
  .send, .choice { min-height: 44px; padding: 8px 16px; border-radius: 8px; font-weight: 600; background: var(--accent); color: #fff; }
  .choice { background: var(--surface); color: var(--accent-ink); border: 1px solid var(--edge); text-align: start; overflow-wrap: anywhere; max-width: 100%; }
  .choice:hover { background: var(--sunken); }
  .choices { display: flex; flex-wrap: wrap; gap: 8px; border: 0; padding: 0; min-width: 0; }
  .times { display: grid; grid-template-columns: 1fr 1fr; .choice { padding-inline: 8px; text-align: center; } }
  .quiet { min-height: 32px; margin-top: 8px; padding: 4px 0; background: none; color: var(--accent-ink); font-weight: 500; text-decoration: underline; text-underline-offset: 3px; }
  .err { margin-top: 8px; color: var(--bad); font-size: 14px; overflow-wrap: anywhere; }
  [aria-disabled="true"] { opacity: .6; cursor: progress; }
  .end p { color: var(--ink-2); margin-bottom: 8px; }
  @media (width < 480px) { dialog { inset: 0; width: 100vw; height: 100dvh; border: 0; border-radius: 0; } }
  @media (prefers-reduced-motion: no-preference) { dialog[open] { animation: in 140ms ease-out; } @keyframes in { from { opacity: 0; translate: 0 8px; } } }
  @media (forced-colors: active) { .launch, .send, li { border: 1px solid CanvasText; } }`;

  const make = (name, props = {}, ...children) => {
    const { aria = {}, ...rest } = props, node = Object.assign(document.createElement(name), rest);
    for (const [k, v] of Object.entries(aria)) node.setAttribute(k === 'role' ? k : `aria-${k}`, v);
    node.append(...children); return node;
  };
  const icon = d => {
    const ns = 'http://www.w3.org/2000/svg', svg = document.createElementNS(ns, 'svg'), path = document.createElementNS(ns, 'path');
    path.setAttribute('d', d); svg.setAttribute('viewBox', '0 0 24 24'); svg.setAttribute('aria-hidden', 'true'); svg.append(path); return svg;
  };
  const host = make('kith-chat'), root = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet(); sheet.replaceSync(css); root.adoptedStyleSheets = [sheet];
  const launch = make('button', { className: 'launch', type: 'button', aria: { haspopup: 'dialog', expanded: 'false' } }, icon('M7.9 20A9 9 0 1 0 4 16.1L2 22Z'), words.open);
  const title = make('h2', { id: 't', textContent: words.title }), close = make('button', { className: 'x', type: 'button', aria: { label: words.close } }, icon('M18 6 6 18M6 6l12 12'));
  const list = make('ol', {}), log = make('div', { className: 'log', tabIndex: 0, aria: { role: 'log', label: words.title, live: 'polite' } }, list);
  const foot = make('footer', {}), panel = make('dialog', { aria: { labelledby: 't' } }, make('header', {}, title, close), log, foot);
  root.append(launch, panel);

  /* --- the conversation, as the server tells it */
  let token = stored(), last = 0, busy = false, loaded = false, pending;
  function stored() { try { return sessionStorage.getItem(key) || ''; } catch { return ''; } }
  const keep = value => { token = value; try { if (value) sessionStorage.setItem(key, value); else sessionStorage.removeItem(key); } catch { /* a site may forbid it: then a reload begins anew */ } };
  const call = async (what, body) => {
    const answer = await fetch(`${base}/chat/${encodeURIComponent(bot)}/${what}/`, { method: 'POST', mode: 'cors', credentials: 'omit', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    return [answer.status, await answer.json()];
  };
  const nonce = () => [...crypto.getRandomValues(new Uint8Array(16))].map(x => x.toString(16).padStart(2, '0')).join('');

  const show = told => {
    title.textContent = told.bot; log.setAttribute('aria-label', told.bot);
    for (const { number, by, text, link } of told.messages) {
      if (number <= last) continue;
      last = number;
      const item = make('li', { className: by, dir: 'auto' }, make('span', { className: 'sr', textContent: `${by === 'bot' ? words.said : words.you}: ` }), text || words.skip);
      if (link) item.append(' ', make('a', { href: base + link, target: '_blank', rel: 'noopener', textContent: words.link }));
      list.append(item);
    }
    if (told.asks) ask(told.asks); else finish(words.done);
    log.scrollTop = log.scrollHeight;
  };

  const finish = text => {
    const again = make('button', { className: 'send', type: 'button', textContent: words.again });
    again.onclick = () => { keep(''); last = 0; list.replaceChildren(); begin(); };
    foot.replaceChildren(make('div', { className: 'end' }, make('p', { textContent: text }), again));
    if (panel.open) again.focus();
  };

  /* --- the question: buttons to choose from, or a line to write on */
  const ask = ({ kind, required, options, zone, input }) => {
    const err = make('p', { className: 'err', id: 'e', hidden: true, aria: { role: 'alert' } }), form = make('form', { noValidate: true });
    const submit = value => { if (!busy) send({ token, nonce: nonce(), to: last, text: value, after: last }); };
    let first;
    if (options.length) {
      const box = make('fieldset', { className: zone ? 'choices times' : 'choices', aria: { describedby: 'e' } }, make('legend', { className: 'label', textContent: zone ? `${words.zone} ${zone}` : words.answer }));
      for (const { value, label } of options) {
        const b = make('button', { className: 'choice', type: 'button', dir: 'auto', textContent: label }); b.onclick = () => submit(value); box.append(b);
      }
      form.append(box); first = box.querySelector('button');
    } else {
      const long = kind === 'text' && input.autocomplete === 'off';
      first = make(long ? 'textarea' : 'input', { id: 'a', dir: 'auto', rows: 2, maxLength: 2000, aria: { describedby: 'e' } });
      if (!long) Object.assign(first, { type: input.type, inputMode: input.inputmode });
      first.setAttribute('autocomplete', input.autocomplete);
      if (required) first.setAttribute('aria-required', 'true');
      first.onkeydown = e => { if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) { e.preventDefault(); form.requestSubmit(); } };
      form.append(make('label', { htmlFor: 'a', textContent: required ? words.answer : `${words.answer} (${words.optional})` }), make('div', { className: 'row' }, first, make('button', { className: 'send', textContent: words.send })));
      form.onsubmit = e => { e.preventDefault(); submit(first.value); };
    }
    if (!required) { const skip = make('button', { className: 'quiet', type: 'button', textContent: words.skip }); skip.onclick = () => submit(''); form.append(skip); }
    form.append(err); foot.replaceChildren(form);
    if (panel.open) first.focus();
  };
  const fault = (text, retry) => {
    let err = foot.querySelector('.err');
    if (!err) { err = make('p', { className: 'err', aria: { role: 'alert' } }); foot.replaceChildren(make('div', { className: 'end' }, err)); }
    err.hidden = false; err.replaceChildren(text);
    const field = foot.querySelector('#a'); field?.setAttribute('aria-invalid', 'true'); field?.focus();
    if (retry) { const b = make('button', { className: 'quiet', type: 'button', textContent: words.retry }); b.onclick = retry; err.append(' ', b); b.focus(); }
  };

  const doing = on => { busy = on; foot.querySelectorAll('button').forEach(b => b.setAttribute('aria-disabled', on)); };
  const send = async body => { // the same nonce again is the same answer
    pending = body; doing(true);
    try {
      const [status, told] = await call('answer', body);
      doing(false);
      if (status === 200 || status === 409) show(told);
      else if (status === 410) { keep(''); finish(words.over); }
      else fault(told.error, status === 422 || status === 400 ? null : () => send(pending));
    } catch { doing(false); fault(words.lost, () => send(pending)); }
  };
  const begin = async () => {
    doing(true); loaded = true;
    try {
      let status = 410, told = {};
      if (token) [status, told] = await call('resume', { token, after: 0 });
      if (status === 410) {
        keep(''); [status, told] = await call('start', { zone: Intl.DateTimeFormat().resolvedOptions().timeZone || '' });
        if (status === 201) keep(told.token);
      }
      doing(false);
      if (status < 300) show(told); else { loaded = false; fault(told.error, begin); }
    } catch { doing(false); loaded = false; fault(words.lost, begin); }
  };

  /* --- opening and closing: beside the page, or on a phone in its place */
  const open = () => {
    if (panel.open) return;
    if (matchMedia('(width < 480px)').matches) panel.showModal(); else panel.show();
    launch.hidden = true; launch.setAttribute('aria-expanded', 'true');
    if (!loaded) { close.focus(); begin(); } else (foot.querySelector('#a, .choice, .send, button') || close).focus();
  };
  launch.onclick = open;
  close.onclick = () => panel.close();
  panel.onclose = () => { launch.hidden = false; launch.setAttribute('aria-expanded', 'false'); launch.focus(); };
  panel.onkeydown = e => { if (e.key === 'Escape' && !e.defaultPrevented) { e.preventDefault(); e.stopPropagation(); panel.close(); } };
  const place = () => document.body.append(host);
  if (document.body) place(); else addEventListener('DOMContentLoaded', place);
})();
