# Formats the Elixir text on standard input. Prints the length of the result in bytes, a newline, and the result. Where
# the parser refuses the text: the line (0 if unknown), a newline, and why; and ends with 65. Nothing of the text is run.
:io.setopts(:standard_io, encoding: :latin1)

source =
  case IO.binread(:stdio, :eof) do
    text when is_binary(text) -> text
    _ -> ""
  end

pairs = Enum.map(System.argv(), fn argument -> List.to_tuple(String.split(argument, "=", parts: 2)) end)

parens =
  for {"local", local} <- pairs do
    [name, arity] = String.split(local, "/")
    {String.to_atom(name), if(arity == "*", do: :*, else: String.to_integer(arity))}
  end

options =
  Enum.reduce(pairs, [locals_without_parens: parens], fn
    {"line_length", length}, options -> [line_length: String.to_integer(length)] ++ options
    {"force_do_end_blocks", "true"}, options -> [force_do_end_blocks: true] ++ options
    _, options -> options
  end)

case Code.string_to_quoted(source, emit_warnings: false) do
  {:error, {meta, message, token}} ->
    line = if is_list(meta), do: Keyword.get(meta, :line, 0), else: meta

    text =
      case message do
        {before, later} -> "#{before}#{token}#{later}"
        before -> "#{before}#{token}"
      end

    IO.binwrite("#{line}\n#{text}")
    System.halt(65)

  {:ok, _} ->
    text =
      if {"only_parse", "true"} in pairs do
        ""
      else
        case Code.format_string!(source, options) do
          [] -> ""
          formatted -> IO.iodata_to_binary([formatted, ?\n])
        end
      end

    IO.binwrite("#{byte_size(text)}\n#{text}")
end
