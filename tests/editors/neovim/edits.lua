-- A person edits, in many ways and fast; the server must still see the very text that stands in the buffer.
--
-- What it takes for a function's name is compared with what stands in the buffer at the range of its hover. The edits
-- are random, with a fixed seed. OPTIONS (see driver.lua) also hold the number of `rounds` and, to try others, a `seed`.
package.path = vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2)) .. '/?.lua;' .. package.path
local driver = require('driver')

local source, client = driver.start()
local seen = { encoding = client.offset_encoding, fileformat = vim.bo.fileformat, checked = 0, edits = 0 }
local rust = vim.bo.filetype == 'rust'

-- Not math.random, whose numbers differ between builds of Lua.
local state = driver.options.seed or 20240229
local function random(count)
  state = (state * 1103515245 + 12345) % 2147483648
  return math.floor(state / 65536) % count
end
local function pick(list) return list[random(#list) + 1] end

local function lines() return vim.api.nvim_buf_get_lines(source, 0, -1, false) end

--- Where functions are named in the buffer: rows and byte columns from 0.
local function names()
  local found = {}
  for row, line in ipairs(lines()) do
    local before, name = line:match(rust and '^(.-fn )([%w_]+)' or '^(.-def[p]? )([%w_]+[!?]?)')
    if name and not line:find(rust and '//' or '^%s*#') then
      table.insert(found, { row = row - 1, column = #before, name = name })
    end
  end
  return found
end

--- Hovers each function's name, and compares.
local function check(round)
  for _, place in ipairs(names()) do
    -- In the middle of the name: a shift by one column leaves the range intact, but not its text.
    local hover = driver.hover(source, client, place.row, place.column + math.floor(#place.name / 2))
    local function complain(what)
      driver.fail(('round %d, line %d, `%s`: %s'):format(round, place.row + 1, place.name, what))
    end
    if not hover then complain('no hover') end
    if not hover.contents.value:find(place.name, 1, true) then complain('hover says ' .. hover.contents.value) end
    if hover.range then
      local from, to = hover.range.start, hover.range['end']
      local line = vim.api.nvim_buf_get_lines(source, from.line, from.line + 1, false)[1] or ''
      local function byte(character) return vim.str_byteindex(line, client.offset_encoding, character, false) end
      local text = line:sub(byte(from.character) + 1, byte(to.character))
      if text ~= place.name then complain(('the range of its hover holds %q'):format(text)) end
    end
    seen.checked = seen.checked + 1
  end
end

local function new_undo_step() vim.bo.undolevels = vim.bo.undolevels end

--- A random byte column of a line that no character straddles.
local function column_in(line)
  local column = random(#line + 1)
  return column == #line and column or column + vim.str_utf_start(line, column + 1)
end

local SNIPPETS = {
  'x', ' ', '', 'é', 'e\204\129', '世界', '🦀', '👩‍👩‍👧', '"', '"""', '{', '}', 'end', '\n', '\n\n', 'a\n🦀b\nc',
  'do\n', '# 𝄞\n', '// 𝄞\n', '\t', '\226\128\168', '\11', '(', '\\',
}

--- Replaces something anywhere by anything.
local function wild_edit()
  local all = lines()
  local row = random(#all)
  local last = math.min(#all - 1, row + random(3))
  local from, to = column_in(all[row + 1]), column_in(all[last + 1])
  if last == row and to < from then from, to = to, from end
  if random(2) == 0 then last, to = row, from end
  vim.api.nvim_buf_set_text(source, row, from, last, to, vim.split(pick(SNIPPETS), '\n', { plain = true }))
end

local KEYS = { 'dd', 'yyp', 'J', 'ddp', 'x', 'r🦀', '~', 'Oé🦀', 'A 世界', '>>', '3dd', 'ggp', 'Gp', 'gJ', 'xp' }

--- Types something in a random place, as a person does.
local function wild_keys()
  local row = random(vim.api.nvim_buf_line_count(source)) + 1
  vim.api.nvim_win_set_cursor(0, { row, column_in(lines()[row]) })
  vim.cmd.normal({ args = { pick(KEYS) }, bang = true, mods = { silent = true, emsg_silent = true } })
end

--- Puts text where it changes columns and lines of names, but no meaning.
local function mild_edit()
  local place = pick(names())
  local comment = rust and '//' or '#'
  local indent = lines()[place.row + 1]:match('^%s*')
  local kind = random(4)
  if kind == 0 then
    -- Before the signature on its own line, in front of docs that belong to it.
    local line = ('%s%s é 世界 🦀 %d'):format(indent, comment, random(1000))
    vim.api.nvim_buf_set_lines(source, place.row, place.row, true, { line, '', line })
  elseif kind == 1 then
    local text = rust and '/* 🦀é */ ' or '"🦀é"; '
    vim.api.nvim_buf_set_text(source, place.row, #indent, place.row, #indent, { text })
  elseif kind == 2 then
    vim.api.nvim_buf_set_text(source, place.row, place.column, place.row, place.column, { 'ab_' })
  else
    local last = vim.api.nvim_buf_line_count(source)
    vim.api.nvim_buf_set_lines(source, last, last, true, { comment .. ' 𝄞 the end', '' })
  end
end

check(0)
for round = 1, driver.options.rounds do
  -- Anything at all, with questions in between, and then back: by undo, or by undo, redo and undo.
  local before, point = driver.text(source), vim.fn.changenr()
  for _ = 1, 1 + random(12) do
    new_undo_step()
    if random(3) == 0 then wild_keys() else wild_edit() end
    seen.edits = seen.edits + 1
    if random(3) == 0 then
      local row = random(vim.api.nvim_buf_line_count(source))
      driver.hover(source, client, row, column_in(lines()[row + 1]))
    end
  end
  local far = vim.fn.changenr()
  vim.cmd('silent undo ' .. point)
  if random(2) == 0 then
    vim.cmd('silent undo ' .. far)
    vim.cmd('silent undo ' .. point)
  end
  if driver.text(source) ~= before then driver.fail('undo did not bring back the text: the scenario is wrong') end
  check(round)

  new_undo_step()
  mild_edit()
  seen.edits = seen.edits + 1
  check(round)
end
seen.lines = vim.api.nvim_buf_line_count(source)
driver.finish(client, seen)
