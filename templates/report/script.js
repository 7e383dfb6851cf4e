'use strict';
(function () {
  var main = document.getElementById('main');
  var tables = [].slice.call(main.querySelectorAll('table'));
  function plain(text) {
    return text.toLowerCase().normalize('NFD').replace(/[\u0300-\u036f]/g, '').replace(/ς/g, 'σ');
  }
  tables.forEach(function (table) {
    [].forEach.call(table.tHead.rows[0].cells, function (head, at) {
      var button = document.createElement('button');
      button.type = 'button';
      button.textContent = head.textContent;
      head.textContent = '';
      head.appendChild(button);
      button.addEventListener('click', function () {
        var up = head.getAttribute('aria-sort') !== 'ascending';
        [].forEach.call(table.tHead.rows[0].cells, function (other) { other.removeAttribute('aria-sort'); });
        head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
        var body = table.tBodies[0];
        var rows = [].slice.call(body.rows).map(function (row, place) {
          var cell = row.cells[at];
          var value = cell.getAttribute('data-v');
          return { row: row, place: place, value: value === null ? plain(cell.textContent) : value, number: cell.className === 'n' };
        });
        rows.sort(function (a, b) {
          var order = a.number && b.number ? Number(a.value) - Number(b.value) : a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
          return (up ? order : -order) || a.place - b.place;
        });
        rows.forEach(function (one) { body.appendChild(one.row); });
      });
    });
  });
  var count = tables.reduce(function (sum, table) { return sum + table.tBodies[0].rows.length; }, 0);
  if (count < 8) return;
  var search = document.createElement('input');
  search.type = 'search';
  search.className = 'search';
  search.placeholder = main.getAttribute('data-search');
  search.setAttribute('aria-label', main.getAttribute('data-search'));
  var found = document.createElement('p');
  found.className = 'found';
  found.setAttribute('role', 'status');
  main.insertBefore(found, main.querySelector('h1').nextSibling);
  main.insertBefore(search, found);
  search.addEventListener('input', function () {
    var words = plain(search.value).split(/\s+/).filter(Boolean);
    var shown = 0;
    tables.forEach(function (table) {
      [].forEach.call(table.tBodies[0].rows, function (row) {
        var text = plain(row.textContent);
        var fits = words.every(function (word) { return text.indexOf(word) >= 0; });
        row.hidden = !fits;
        if (fits) shown += 1;
      });
      if (table.tFoot) table.tFoot.hidden = words.length > 0;
    });
    found.textContent = words.length ? shown + ' ' + main.getAttribute('data-found') : '';
  });
  document.addEventListener('keydown', function (event) {
    if (event.key === '/' && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    } else if (event.key === 'Escape' && document.activeElement === search) {
      search.value = '';
      search.dispatchEvent(new Event('input'));
    }
  });
})();
