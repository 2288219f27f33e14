/* Kith: the whole client-side behaviour. htmx fetches, HTML opens and closes, CSS shows; what is left is here. */
(() => {
  const $ = (s, r = document) => r.querySelector(s), $$ = (s, r = document) => [...r.querySelectorAll(s)];
  const on = addEventListener; // on the window, where every event of the page arrives
  const clone = name => $(`#${name}-template`).content.firstElementChild.cloneNode(true);
  const say = text => { $('#live').textContent = text; };
  const lost = () => document.activeElement === document.body;
  const begin = r => {
    if (r.id === 'pane') scrollTo(0, 0); // on a phone it takes the place of a list that may be scrolled
    ($('#err-sum', r) || $('[data-autofocus]', r) || r).focus?.({ preventScroll: true });
  };

  /* --- what is not saved: marked at its field, and asked for before it is left */
  const differs = x => x.options ? x.value !== ($('[selected]', x) || x.options[0])?.value
    : x.matches('[type=checkbox], [type=radio]') ? x.checked !== x.defaultChecked : 'defaultValue' in x && x.type !== 'hidden' && x.value !== x.defaultValue;
  const edited = () => { const f = $('#edit'); return f && ('dirty' in f.dataset || [...f.elements].some(differs)) && f; };
  const discard = () => { const f = $('#edit'); f?.reset(); delete f?.dataset.dirty; };
  const ask = (go, stay) => {
    const d = clone('discard'); document.body.append(d); d.showModal();
    d.onclose = () => { if (d.returnValue) { discard(); go(); } else stay?.(); };
  };
  on('input', e => {
    const field = e.target.closest('#edit .field'); if (!field) return;
    field.classList.toggle('is-changed', $$('input, select, textarea', field).some(differs));
    const n = $$('#edit .is-changed').length;
    $('.pane-foot .note').textContent = n ? `${n} field${n > 1 ? 's' : ''} changed` : '';
  });
  on('htmx:confirm', e => { // whatever is about to take the place of the form
    const { target, elt, issueRequest } = e.detail;
    if (target.id === 'pane' && !elt.closest('#edit, #merge:has([name=version])') && edited()) { e.preventDefault(); ask(() => issueRequest(true)); }
  });
  let back;
  on('htmx:historyCacheMiss', e => { // Back
    const { xhr } = e.detail, f = edited();
    back?.abort(); back = xhr; // Back twice: the last address wins
    xhr.onerror = () => trouble('silent'); // htmx says nothing there
    if (f) { e.preventDefault(); ask(() => xhr.send(), () => history.pushState({ htmx: true }, '', f.action)); }
  });
  on('htmx:historyCacheMissLoadError', () => location.reload()); // deleted, or signed out: the whole page says so
  on('beforeunload', e => { if (edited()) e.preventDefault(); });

  /* --- keys (UI.md 5.1) */
  let follow;
  on('keydown', e => {
    const { key, target } = e, menu = target.closest('.menu'), over = $('dialog:modal, :popover-open');
    const act = f => { e.preventDefault(); f(); };
    if (key === 'Enter' && (e.ctrlKey || e.metaKey) && !over) $('#edit')?.requestSubmit();
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (menu) {
      const items = $$('[role=menuitem]', menu), i = items.indexOf(target), n = items.length;
      const to = { ArrowDown: i + 1, ArrowUp: i + n - 1, Home: 0, End: n - 1 }[key] ?? items.findIndex(x => x.innerText.trim().toLowerCase().startsWith(key));
      if (key === 'Tab') menu.hidePopover();
      if (to >= 0) act(() => items[to % n].focus());
    } else if (key === 'ArrowDown' && target.ariaHasPopup === 'menu') act(() => target.click());
    if (over) return; // its Esc is the browser's
    const pop = $('details.pop[open]');
    if (key === 'Escape' && pop) { act(() => { pop.open = false; $('summary', pop).focus(); }); return; }
    const close = $('#pane:not([hidden]) [aria-keyshortcuts=Escape]'), q = $('#q');
    if (key === 'Escape' && close) act(() => { if (!edited()) close.focus(); close.click(); }); // not prevented, this Esc would also answer the question
    else if (key === 'Escape' && q?.value) act(() => { q.value = ''; htmx.trigger(q, 'search'); });
    if (target.matches('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]') || target.closest('.pop-body') || document.documentElement.dataset.keys === 'off') return;
    const rows = $$('#rows tr'), inside = target.closest('#rows tr'), row = inside || $('#rows tr:has([aria-current])'), i = rows.indexOf(row);
    const move = to => {
      const link = rows[to] && $('.rowlink', rows[to]); if (!link) return;
      link.focus(); clearTimeout(follow);
      if (close && !edited()) follow = setTimeout(() => htmx.ajax('get', link.href, { source: link, push: 'false', replace: 'true' }), 150);
    };
    const x = () => row && $('.check', row)?.dispatchEvent(new MouseEvent('click', { bubbles: true, shiftKey: e.shiftKey }));
    const f = {
      '/': () => q?.focus(), '?': () => $('[aria-keyshortcuts="?"]')?.click(), x, X: x,
      j: () => move(i + 1), k: () => move(i - 1),
      e: () => (inside ? $('[role=menuitem]', inside) : $('#pane [aria-keyshortcuts=e]'))?.click(),
    }[key];
    if (f) act(f);
  });

  /* --- selection: the script counts, CSS shows the rows and the bar */
  let last, kept = [];
  const recount = () => {
    const page = $('#select-page'); if (!page) return;
    const boxes = $$('#rows .check'), n = boxes.filter(x => x.checked).length;
    page.checked = n === boxes.length; page.indeterminate = n && !page.checked;
    $('#bulk-count').textContent = $('#select-all')?.checked ? $('[data-select-all]').dataset.text : `${n} selected`;
  };
  on('reset', e => { if (e.target.id === 'bulk') setTimeout(() => { recount(); $('#select-page').focus(); }); });

  on('click', e => {
    const at = s => e.target.closest(s), box = at('.c-check .check'), every = $('#select-all');
    if (box) {
      const boxes = $$('#rows .check'), to = boxes.indexOf(box), from = e.shiftKey ? boxes.findIndex(x => x.value === last) : to;
      const some = to < 0 ? boxes : from < 0 ? [] : boxes.slice(Math.min(from, to), Math.max(from, to) + 1);
      some.forEach(x => { x.checked = box.checked; });
      last = box.value; if (every) every.checked = false; recount();
    }
    if (at('[data-select-all]')) { every.checked = true; recount(); }
    at('.menu')?.hidePopover();
    $$('details.pop[open]').forEach(d => { d.open = d.contains(e.target); });
    const fault = at('#err-sum a[href^="#"]'), shut = at('[data-close]')?.closest('dialog:modal'), copy = at('[data-copy]');
    if (fault) { e.preventDefault(); document.getElementById(fault.hash.slice(1)).focus(); } // no entry in the history
    if (shut) { e.preventDefault(); shut.requestClose?.(); shut.close(); }
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => say('Copied'));
    if (at('.toast .close')) at('.toast').remove();
    if (at('[data-again]') && !again()) location.reload();
  });
  on('click', e => { if ((e.ctrlKey || e.metaKey || e.shiftKey) && e.target.closest('a')) e.stopPropagation(); }, true); // a new tab is the browser's

  /* --- toasts: CSS counts the eight seconds, stops for hover and focus, and shows three */
  on('toast', e => {
    const { text, undo, alert } = e.detail, t = clone('toast'), button = $('[hx-target]', t);
    $('span', t).textContent = text; if (alert) t.role = 'alert';
    if (undo) button.setAttribute('hx-post', undo); else button.remove();
    $('#toasts').append(t); htmx.process(t);
  });
  on('animationend', e => { if (e.animationName === 'toast') e.target.remove(); });

  /* --- no answer, offline, signed out: what was asked for is held and sent again */
  const held = new Map();
  const polls = elt => elt.matches('[hx-trigger^=every]'); // says so once, not each second
  const trouble = (name, config) => { // in the place it is about
    if (config?.elt.matches('.impact')) { $('div', config.elt).className = 'failed'; return; } // one can save
    if (config && $('#trouble') && polls(config.elt)) return;
    $('#trouble')?.remove(); if (config) held.set(config.elt, config);
    const n = clone(name || (navigator.onLine ? 'silent' : 'offline')), region = config?.elt.closest('dialog, #pane'); n.id = 'trouble';
    [region && $('.dlg-head, .pane-bar', region), $('.list > header'), $('.pane-bar'), $('header')].find(x => x?.offsetHeight > 1)?.after(n);
  };
  const again = () => {
    const all = [...held.values()].filter(c => c.elt.isConnected); held.clear(); $('#trouble')?.remove();
    for (const { verb, path, elt, triggeringEvent } of all) {
      const by = triggeringEvent?.submitter; // htmx knows the button only while it has the focus
      htmx.ajax(verb, path, { source: elt, values: by?.name ? { [by.name]: by.value } : {} });
    }
    return all.length;
  };
  on('offline', () => trouble('offline'));
  on('online', again);
  for (const type of ['sendError', 'timeout']) on(`htmx:${type}`, e => trouble('', e.detail.requestConfig));
  on('htmx:responseError', e => trouble(e.detail.xhr.status < 500 ? 'refused' : 'failed', e.detail.requestConfig));
  on('htmx:beforeOnLoad', e => { if (e.detail.xhr.status === 401) held.set(e.detail.elt, e.detail.requestConfig); });
  on('cancel', e => { if (e.target.closest('#sign-in')) held.clear(); }, true); // not now
  on('close', e => { if (e.target.matches('dialog')) { e.target.remove(); if (lost()) { opener?.focus(); land(opener?.id); } } }, true);
  on('signedIn', e => {
    const { user, token } = e.detail;
    if (user !== $('#csrf').dataset.user) { discard(); location.reload(); return; } // what A typed is not B's to send
    $$('[name=csrfmiddlewaretoken]').forEach(x => { x.value = token; });
    $('#sign-in dialog')?.close(); setTimeout(again); // htmx may drop what is sent while it handles an answer
  });

  /* --- swaps: the current row, the selection, the focus */
  let place = 0, shown, told, swapping, menu, opener;
  const mark = () => {
    const id = $('#pane')?.dataset.contact; if (id) shown = `n-${id}`;
    $$('.rowlink').forEach((link, i) => { const here = link.id === `n-${id}`; link.ariaCurrent = here || null; if (here) place = i; });
  };
  const land = id => { // the focus went with what had it: to the row, the next one, the list
    const links = $$('.rowlink');
    if (lost()) (document.getElementById(id) || links[Math.min(place, links.length - 1)] || $('#results'))?.focus();
  };
  on('focusin', e => { const i = $$('#rows tr').indexOf(e.target.closest('tr')); if (i >= 0) place = i; });
  const free = elt => { held.delete(elt); if (!held.size) $('#trouble')?.remove(); };
  on('htmx:beforeRequest', e => {
    if (!polls(e.detail.elt)) free(e.detail.elt);
    e.detail.target.ariaBusy = 'true';
  });
  on('htmx:afterRequest', e => {
    const { requestConfig: { elt, target }, successful, xhr } = e.detail; target.ariaBusy = null;
    if (successful && xhr.status !== 401) { free(elt); elt.closest('.toast')?.remove(); } // Undo is used up
  });
  on('htmx:beforeSwap', e => {
    const { target, requestConfig, xhr } = e.detail; swapping = target.id;
    if (!$('dialog:modal')) opener = document.activeElement; // a dialog swapped while open was opened by what opened it first
    menu = $('.menu:popover-open', target)?.id;
    if (target.id === 'results') kept = requestConfig.elt === target ? $$('#select-all, #rows .check').filter(x => x.checked).map(x => x.value) : []; // a refetch keeps the selection
    if (xhr.status === 401 && $('#sign-in dialog')) e.detail.shouldSwap = false; // it is asked already
  });
  on('htmx:afterSwap', e => {
    const { target, etc, requestConfig } = e.detail, id = target?.id, bar = $('progress', e.target), pane = $('#pane');
    const tenth = bar ? Math.floor(bar.position * 10) : -1;
    if (tenth >= 0 && tenth !== told) { told = tenth; say(`${tenth * 10}%`); }
    if (id === 'dialog' || id === 'sign-in') {
      const d = $(`#${id} dialog:not(:modal)`);
      if (d) { d.removeAttribute('open'); d.showModal(); begin(d); }
    }
    if (id === 'pane') {
      $('#dialog dialog')?.close(); mark();
      if (pane.hidden) land(shown); else if (!etc.replace) begin(pane); // j and k stay in the list
    }
    if (id === 'results') {
      $$('#select-all, #rows .check').forEach(x => { x.checked = kept.includes(x.value); }); recount(); mark();
      if (requestConfig.elt === target) land(); else if (lost()) $('#results').focus();
      const opener = $(`[popovertarget=${menu}]`); menu = opener?.focus(); opener?.click(); // a menu stays open in its row; once
    }
  });
  const sync = e => { // the filters show what the address says
    sessionStorage.clear(); // htmx writes the address there, and the address has the search in it
    if (swapping !== 'results') return; // a pane has not changed them
    const p = new URL(e.detail.path, location).searchParams;
    for (const x of $$('#q, #pops input')) {
      const values = p.getAll(x.name);
      if (x.matches('.check, .radio')) x.checked = values.includes(x.value) || !values.length && !x.value;
      else if (x !== document.activeElement) x.value = values[0] ?? '';
    }
  };
  on('htmx:pushedIntoHistory', sync); on('htmx:replacedInHistory', sync);
  on('htmx:historyRestore', () => { // the pane, or the row that was open
    sessionStorage.clear(); mark();
    const pane = $('#pane:not([hidden])'); if (pane) begin(pane); else land(shown);
  });
  sessionStorage.clear(); mark(); recount();
  document.fonts.ready.then(() => $('.views [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })); // a font moves it
  begin($('#pane:not([hidden])') || document);
})();
