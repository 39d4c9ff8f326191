-- A person opens a file, hovers, chooses `Aiex: Explain` from the action menu, reads, and hovers again.
-- OPTIONS (see driver.lua) also name the text that the cursor is put `on`.
package.path = vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2)) .. '/?.lua;' .. package.path
local driver = require('driver')

local source, client = driver.start()
driver.cursor_on(source, driver.options.on)
local seen = { encoding = client.offset_encoding, root = client.root_dir }
seen.hover = driver.hover_text(source, client)
seen.window = driver.hover_window()
seen.actions = driver.choose('Aiex: Explain')

driver.wait('the explanation is shown', function()
  local buffer = vim.api.nvim_get_current_buf()
  return buffer ~= source and vim.api.nvim_buf_get_name(buffer) ~= '' and driver.text(buffer) ~= ''
end)
seen.document = driver.text(0)
seen.document_name = vim.api.nvim_buf_get_name(0)
seen.document_filetype = vim.bo.filetype
driver.wait('the run ends', function() return driver.runs_ended() >= 1 end)

vim.cmd.buffer(source)
driver.cursor_on(source, driver.options.on)
seen.hover_after = driver.hover_text(source, client)
seen.window_after = driver.hover_window()
seen.actions_after = driver.choose()
driver.finish(client, seen)
