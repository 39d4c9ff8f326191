# `mix aiex.check`: compiles the project and prints what the compilers say, on lines that begin with a word which nothing
# else knows. Fields are separated by tabs; texts are in hexadecimal.
defmodule Mix.Tasks.Aiex.Check do
  use Mix.Task

  @impl true
  def run(_arguments) do
    mark = System.fetch_env!("AIEX_MARK")
    System.delete_env("AIEX_MARK")

    # An umbrella gives a list of what its applications gave.
    results =
      "compile" |> Mix.Task.run(["--return-errors", "--all-warnings"]) |> List.wrap() |> Enum.map(&result/1)

    for {_, diagnostics} <- results, diagnostic <- diagnostics do
      {line, column, end_line} = place(diagnostic.position, Map.get(diagnostic, :span))
      file = diagnostic.file || ""

      fields = [
        diagnostic.severity,
        line,
        column,
        end_line,
        hexadecimal(file),
        hexadecimal(diagnostic.message)
      ]

      IO.puts([mark, "\tdiagnostic\t", fields |> Enum.map(&to_string/1) |> Enum.intersperse("\t")])
    end

    failed? = Enum.any?(results, fn {status, _} -> status == :error end)
    IO.puts([mark, "\tstatus\t", if(failed?, do: "error", else: "ok")])
  end

  defp result({status, diagnostics}) when is_list(diagnostics), do: {status, diagnostics}
  defp result(status), do: {status, []}

  defp place({line, column, end_line, _}, _), do: {line, column, end_line}
  defp place({line, column}, {end_line, _}), do: {line, column, end_line}
  defp place({line, column}, _), do: {line, column, line}
  defp place(line, _) when is_integer(line), do: {line, 0, line}
  defp place(_, _), do: {0, 0, 0}

  defp hexadecimal(text), do: text |> IO.chardata_to_string() |> Base.encode16()
end
