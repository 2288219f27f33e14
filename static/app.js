/* Kith: the whole client-side behaviour, no framework. htmx does the fetching; this does keys, menus, dialogs, focus. */
(() => {
  const $ = (s, r = document) => r.querySelector(s), $$ = (s, r = document) => [...r.querySelectorAll(s)];
  const typing = el => el?.closest?.('input:not([type=checkbox],[type=radio]), textarea, select, [contenteditable]');
  const say = t => { const l = $('#live'); if (l) l.textContent = t; };

  /* --- menus: popover gives top layer, light dismiss and Esc; we add roving focus */
  const place = (menu, btn) => { // only where CSS anchor positioning is missing
    if (CSS.supports('position-area: bottom') || innerWidth < 760) return;
    const b = btn.getBoundingClientRect(), up = b.bottom + menu.offsetHeight + 8 > innerHeight;
    Object.assign(menu.style, { left: `${Math.max(8, b.right - menu.offsetWidth)}px`, top: `${up ? b.top - menu.offsetHeight - 4 : b.bottom}px` });
  };
  document.addEventListener('toggle', e => {
    const m = e.target; if (!(m instanceof HTMLElement) || !m.matches('.menu')) return;
    const btn = $(`[popovertarget="${m.id}"]`), open = e.newState === 'open';
    btn?.setAttribute('aria-expanded', open);
    if (open && btn) { place(m, btn); $('[role=menuitem]', m)?.focus(); }
  }, true);
  document.addEventListener('keydown', e => {
    const trig = e.target.closest?.('[popovertarget][aria-haspopup=menu]');
    if (trig && e.key === 'ArrowDown') { // menu button pattern: Down opens
      e.preventDefault(); const menu = document.getElementById(trig.getAttribute('popovertarget'));
      if (!menu.matches(':popover-open')) menu.showPopover({ source: trig });
      $('[role=menuitem]', menu)?.focus(); return;
    }
    const m = e.target.closest?.('.menu'); if (!m) return;
    const it = $$('[role=menuitem]', m), i = it.indexOf(document.activeElement);
    const to = { ArrowDown: (i + 1) % it.length, ArrowUp: (i - 1 + it.length) % it.length, Home: 0, End: it.length - 1 }[e.key];
    if (to !== undefined) { e.preventDefault(); it[to].focus(); }
    else if (e.key === 'Tab') m.hidePopover();
    else if (/^[a-z]$/i.test(e.key)) it.find(x => x.textContent.trim().toLowerCase().startsWith(e.key.toLowerCase()))?.focus();
  });

  /* --- small pop-ups of the filters: one at a time, Esc and a click elsewhere close */
  document.addEventListener('click', e => {
    for (const d of $$('details.pop[open]')) if (!d.contains(e.target)) d.open = false;
    if (e.target.closest('.menu [role=menuitem]')) e.target.closest('.menu').hidePopover();
  });

  /* --- a changed form asks before it is left */
  const differs = x => x.matches('[type=checkbox],[type=radio]') ? x.checked !== x.defaultChecked
    : x.matches('select') ? x.dataset.first !== x.value : x.type !== 'hidden' && x.value !== x.defaultValue;
  const changed = () => {
    const f = $('#edit'); if (!f || f.dataset.sent) return false;
    return f.dataset.dirty !== undefined || [...f.elements].some(differs);
  };
  document.addEventListener('input', e => { // "Changed" at the field, "2 fields changed" beside Save
    const f = e.target.closest('#edit'), field = e.target.closest('.field'); if (!f || !field) return;
    field.classList.toggle('is-changed', differs(e.target));
    const n = $$('.is-changed', f).length, note = $('.pane-foot .note');
    if (note) note.textContent = n ? `${n} field${n > 1 ? 's' : ''} changed` : '';
  });
  const remember = () => $$('#edit select').forEach(x => { x.dataset.first = x.value; });
  const ask = go => {
    const d = $('#discard-template')?.content.firstElementChild.cloneNode(true); if (!d) return go();
    document.body.append(d); d.showModal(); $('[data-keep]', d).focus();
    d.addEventListener('close', () => d.remove());
    $('[data-keep]', d).onclick = () => d.close();
    $('[data-discard]', d).onclick = () => { d.close(); const f = $('#edit'); if (f) f.dataset.sent = 1; go(); };
  };
  document.addEventListener('click', e => {
    const a = e.target.closest('a[href]'); if (!a || a.target || a.hasAttribute('download') || a.getAttribute('href').startsWith('#') || a.closest('#dialog') || !changed()) return;
    if (!(a.hasAttribute('hx-get') ? a.getAttribute('hx-target') === '#pane' : true)) return;
    e.preventDefault(); e.stopImmediatePropagation(); ask(() => a.click());
  }, true);
  addEventListener('beforeunload', e => { if (changed()) e.preventDefault(); });
  document.addEventListener('click', e => { // a pane that leads back to the list: keep the list, drop the pane
    const a = e.target.closest('#pane .pane-bar a:not([hx-get])');
    if (!a || e.ctrlKey || e.metaKey || e.shiftKey || !$('#filters') || a.pathname !== new URL($('#filters').action).pathname) return;
    e.preventDefault(); htmx.ajax('GET', a.getAttribute('href'), { source: a, target: '#pane', swap: 'outerHTML' });
  });

  /* --- single-key shortcuts (UI.md 5.1) */
  let follow;
  document.addEventListener('keydown', e => {
    if ((e.ctrlKey || e.metaKey) && e.key === 'Enter') { $('#edit')?.requestSubmit(); return; }
    if (e.metaKey || e.ctrlKey || e.altKey || $('dialog:modal') || e.target.closest?.('.menu')) return;
    if (e.key === 'Escape') {
      const pop = $('details.pop[open]'); if (pop) { pop.open = false; $('summary', pop).focus(); return; }
      if (typing(e.target) && e.target.value && e.target.type === 'search') return;
      const close = $('.pane [aria-keyshortcuts=Escape]'); if (close) { e.preventDefault(); close.click(); } // else this Esc would close the question it opens
      return;
    }
    if (typing(e.target) || document.documentElement.dataset.keys === 'off') return;
    const links = $$('.rowlink'), at = links.findIndex(l => l === document.activeElement || l.closest('tr').contains(document.activeElement));
    const cur = at < 0 ? links.findIndex(l => l.getAttribute('aria-current')) : at;
    const move = to => {
      const link = links[to]; if (!link) return; link.focus();
      if ($('#pane:not([hidden])') && !changed()) { clearTimeout(follow); follow = setTimeout(() => {
        link.removeAttribute('hx-push-url'); link.setAttribute('hx-replace-url', 'true'); link.click();
      }, 150); }
    };
    const key = {
      '/': () => $('#q')?.focus(),
      '?': () => $('[aria-keyshortcuts="?"]')?.click(),
      j: () => move(Math.min(cur + 1, links.length - 1)),
      k: () => move(Math.max(cur - 1, 0)),
      e: () => (at >= 0 ? links[at].closest('tr').querySelector('[role=menuitem]') : $('.pane [aria-keyshortcuts=e]'))?.click(),
    }[e.key];
    if (key) { e.preventDefault(); key(); }
  });

  /* --- dialogs: native, modal; focus returns to what opened it */
  let opener = null;
  const openDialog = () => {
    const d = $('#dialog dialog'); if (!d || d.matches(':modal')) return;
    d.removeAttribute('open'); d.showModal(); $('[data-autofocus]', d)?.focus();
    d.addEventListener('close', () => { d.remove(); (opener?.isConnected ? opener : $('#pane:not([hidden])'))?.focus(); });
  };
  document.addEventListener('click', e => {
    const c = e.target.closest('[data-close]'); const d = c?.closest('dialog:modal');
    if (d) { e.preventDefault(); d.close(); }
    const copy = e.target.closest('[data-copy]'); if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => say('Reference copied'));
    if (e.target.closest('.toast .close')) e.target.closest('.toast').remove();
    if (e.target.closest('[data-again]')) again();
  });
  document.addEventListener('change', e => {
    if (e.target.matches('[data-submit]')) e.target.form.requestSubmit();
    if (e.target.matches('.pop [type=date]')) $('.pop [name=captured]').checked = true; // "any time, or the dates"
  }, true);

  /* --- merge prompt: choosing a side rewrites the result and its badge */
  document.addEventListener('change', e => {
    const tr = e.target.closest('[data-pick]'); if (!tr) return;
    const td = e.target.closest('td'), keep = e.target.value === 'existing', fill = tr.dataset.pick === 'blank';
    $$('td', tr).forEach(x => x.classList.toggle('win', x === td));
    $('[data-res]', tr).textContent = $('[data-v]', td).textContent;
    const o = $('[data-out]', tr), word = keep ? 'Keep' : fill ? 'Fill' : 'Replace';
    o.className = `out out-${word.toLowerCase()}`; o.textContent = word;
    for (const k of ['fill', 'replace', 'keep']) {
      const b = $(`[data-n=${k}]`), n = $$(`.merge .out-${k}`).length, w = b.nextElementSibling;
      b.textContent = n; w.textContent = n === 1 ? w.dataset.one : w.dataset.many;
    }
  });

  /* --- toasts: 8 s, the timer stops on hover or focus, three at most */
  const toast = el => {
    let t; const go = () => { t = setTimeout(() => el.remove(), 8000); }, stop = () => clearTimeout(t);
    el.addEventListener('mouseenter', stop); el.addEventListener('focusin', stop); el.addEventListener('mouseleave', go); el.addEventListener('focusout', go); go();
    $$('#toasts .toast').slice(0, -3).forEach(x => x.remove());
  };
  document.body.addEventListener('toast', e => {
    const el = $('#toast-template').content.firstElementChild.cloneNode(true);
    $('span', el).textContent = e.detail.text; $('#toasts').append(el); toast(el);
  });
  $$('#toasts .toast').forEach(toast);

  /* --- htmx: focus, current row, trouble */
  const mark = () => {
    const id = $('#pane[data-contact]')?.dataset.contact;
    $$('.rowlink[aria-current], #rows tr[aria-current]').forEach(x => x.removeAttribute('aria-current'));
    const tr = id && document.getElementById(`c-${id}`);
    if (tr) { tr.setAttribute('aria-current', 'true'); $('.rowlink', tr).setAttribute('aria-current', 'true'); }
  };
  const sync = e => { // the filters show what the address says, whatever changed it
    const p = new URL(e.detail.path, location).searchParams;
    for (const x of $$('#q, #pops input')) {
      if (x === document.activeElement) continue;
      if (x.type === 'checkbox') x.checked = p.getAll(x.name).includes(x.value);
      else if (x.type === 'radio') x.checked = (p.get(x.name) || '') === x.value;
      else x.value = p.get(x.name) || '';
    }
  };
  document.body.addEventListener('htmx:pushedIntoHistory', sync);
  document.body.addEventListener('htmx:replacedInHistory', sync);
  let closing = null, deleted = -1, left = null;
  document.body.addEventListener('htmx:beforeRequest', e => {
    const el = e.detail.elt;
    if (el.closest('#dialog') === null) opener = el.closest('.menu') ? $(`[popovertarget="${el.closest('.menu').id}"]`) : el;
    if (el.id === 'edit' || el.closest('#dialog')) { const f = $('#edit'); if (f) f.dataset.sent = 1; }
    closing = el.closest?.('.pane-bar') ? $('#pane')?.dataset.contact : null;
    $('#trouble')?.remove();
    e.detail.target?.setAttribute('aria-busy', 'true');
  });
  document.body.addEventListener('htmx:afterRequest', e => e.detail.target?.removeAttribute('aria-busy'));
  document.body.addEventListener('htmx:historyCacheMiss', () => { left = $('#pane[data-contact]')?.dataset.contact; });
  document.body.addEventListener('htmx:historyRestore', () => { // Back: the pane, or the row that was open
    remember(); mark();
    ($('#pane:not([hidden])') || (left && $('.rowlink', document.getElementById(`c-${left}`) || undefined)))?.focus({ preventScroll: true });
  });
  document.body.addEventListener('htmx:afterSwap', e => {
    const id = e.detail?.target?.id;
    if (id === 'dialog') { const f = $('#edit'); if (f) delete f.dataset.sent; openDialog(); return; }
    if (id === 'pane') {
      const d = $('#dialog dialog'); if (d) { opener = null; d.close(); }
      remember(); mark();
      const pane = $('#pane');
      const by = e.detail.requestConfig?.elt;
      if (by?.hasAttribute('hx-replace-url')) { by.removeAttribute('hx-replace-url'); by.setAttribute('hx-push-url', 'true'); return; } // j and k stay in the list
      if (pane.hidden) {
        const rows = $$('.rowlink'), row = closing && document.getElementById(`c-${closing}`);
        (row ? $('.rowlink', row) : rows[Math.min(Math.max(deleted, 0), rows.length - 1)] || $('#results'))?.focus();
      } else ($('#err-sum') || $('[data-first]', pane) || pane).focus({ preventScroll: true });
    }
    if (id === 'results') { mark(); if (deleted >= 0) { const r = $$('.rowlink'); (r[Math.min(deleted, r.length - 1)] || $('#results'))?.focus(); deleted = -1; } }
  });
  document.body.addEventListener('contactDeleted', e => {
    deleted = $$('#rows tr').findIndex(tr => tr.id === `c-${e.detail.id}`);
  });
  let failed = null;
  const trouble = (title, text, el = null) => { // in the region it is about; on a phone the pane hides the list
    $('#trouble')?.remove(); failed = el;
    const n = $('#trouble-template').content.firstElementChild.cloneNode(true); n.id = 'trouble';
    $('b', n).textContent = title; $('div > span', n).textContent = text; $('[data-again]', n).hidden = !el;
    const bar = $('#pane:not([hidden]) .pane-bar');
    ((el?.closest?.('#pane') || innerWidth < 760) && bar || $('.list .filters') || $('.main header')).after(n);
    const f = $('#edit'); if (f) delete f.dataset.sent;
  };
  const again = () => {
    const el = failed;
    if (!el?.isConnected) location.reload();
    else if (el.matches('form')) el.requestSubmit();
    else if (el.id === 'q') htmx.trigger(el, 'search');
    else if (el.id === 'results') htmx.trigger(document.body, 'contactsChanged');
    else el.click();
  };
  const offline = ['You are offline.', 'You can read what is on screen. Saving is paused, and what you typed is kept.'];
  addEventListener('offline', () => trouble(...offline));
  addEventListener('online', () => { if (!failed) $('#trouble')?.remove(); });
  document.body.addEventListener('htmx:sendError', e => trouble(...(navigator.onLine ? ['Kith did not answer.', 'Nothing was lost: your filters and what you typed are kept.'] : offline), e.detail.elt));
  document.body.addEventListener('htmx:responseError', e => {
    const busy = e.detail.xhr.status >= 500;
    trouble(busy ? 'That did not work.' : 'The server refused that.', 'Nothing was saved. Your filters and what you typed are kept.', e.detail.elt);
  });
  document.body.addEventListener('htmx:beforeSwap', e => { // a sign-in page instead of a part: the session has ended
    if (e.detail.xhr.responseURL?.includes('/login/')) { e.detail.shouldSwap = false; location.reload(); }
  });

  addEventListener('load', () => {
    remember(); mark();
    if ($('#err-sum')) $('#err-sum').focus({ preventScroll: true });
    else if ($('#pane:not([hidden])')) ($('#pane [data-first]') || $('#pane')).focus({ preventScroll: true });
    else $('[data-autofocus]')?.focus({ preventScroll: true });
  });
})();
