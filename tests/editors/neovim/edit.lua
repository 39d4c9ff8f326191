-- A person has code changed through the action menu, types meanwhile perhaps, and takes the change back.
--
-- OPTIONS (see driver.lua) also hold:
--   on      the text that the cursor is put on
--   choose  the title of the action
--   typing  what is typed meanwhile: `old` and `new` text, and `when`: while the model is `asked`, or in the very moment
--           of `applying`, when the server cannot know of it
--   ready   a file to be made once that is typed
--   back    how the change is taken back: `undo`, or `aiex.undo`
package.path = vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2)) .. '/?.lua;' .. package.path
local driver = require('driver')
local options = driver.options

local source, client = driver.start()
local seen = { encoding = client.offset_encoding, before = driver.text(source) }

local function new_undo_step() vim.bo[source].undolevels = vim.bo[source].undolevels end

local function type_now()
  local typing = options.typing
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  for index, line in ipairs(vim.api.nvim_buf_get_lines(source, 0, -1, false)) do
    local start, last = line:find(typing.old, 1, true)
    if start then
      new_undo_step()
      vim.api.nvim_buf_set_text(source, index - 1, start - 1, index - 1, last, { typing.new })
      new_undo_step()
      vim.api.nvim_win_set_cursor(0, { row, column })
      return
    end
  end
  driver.fail(('the document has no %q to type over'):format(typing.old))
end

local apply = vim.lsp.handlers['workspace/applyEdit']
seen.asked_to_apply = 0
vim.lsp.handlers['workspace/applyEdit'] = function(...)
  seen.asked_to_apply = seen.asked_to_apply + 1
  if seen.asked_to_apply == 1 and options.typing and options.typing.when == 'applying' then type_now() end
  return apply(...)
end

driver.cursor_on(source, options.on)
seen.actions = driver.choose(options.choose)
if options.typing and options.typing.when == 'asked' then
  driver.wait('the model is asked', function() return driver.progress_says('^asking ') end)
  type_now()
  -- A request lets Neovim send what was typed.
  driver.hover(source, client, 0, 0)
  assert(io.open(options.ready, 'w')):close()
end
driver.wait('the run ends', function() return driver.runs_ended() >= 1 and driver.messages() >= 1 end)
seen.after = driver.text(source)
seen.unsaved = vim.bo[source].modified

if options.back == 'undo' then
  vim.cmd('silent undo')
elseif options.back == 'aiex.undo' then
  client:request_sync('workspace/executeCommand', { command = 'aiex.undo', arguments = {} }, 30000, source)
  driver.wait('the undo ends', function() return driver.runs_ended() >= 2 and driver.messages() >= 2 end)
end
seen.back = driver.text(source)
vim.cmd('silent write')
driver.finish(client, seen)
