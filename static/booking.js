/* The booking page knows the guest's zone when the browser tells; without script there is the list. */
(() => {
  const form = document.querySelector('[data-detect-zone]');
  if (!form) return;
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone, zones = form.elements.tz;
  if (!here || zones.value === here || ![...zones.options].some(option => option.value === here)) return;
  zones.value = here;
  form.requestSubmit();
})();
