# Formats the results of `mix test` as lines that begin with a word which nothing else knows. Fields are separated by
# tabs; texts are in hexadecimal.
:persistent_term.put(:aiex_mark, System.fetch_env!("AIEX_MARK"))
System.delete_env("AIEX_MARK")

defmodule Aiex.Formatter do
  use GenServer

  @impl true
  def init(_options) do
    {:ok, :persistent_term.get(:aiex_mark)}
  end

  @impl true
  def handle_cast({:suite_started, _}, mark), do: say(mark, ["started"])

  def handle_cast({:module_started, module}, mark) do
    for test <- module.tests, do: say(mark, ["test", hexadecimal(test.name)])
    {:noreply, mark}
  end

  def handle_cast({:test_finished, test}, mark) do
    case outcome(test) do
      nil -> {:noreply, mark}
      {word, why} -> say(mark, [word, hexadecimal(test.name), hexadecimal(why)])
    end
  end

  def handle_cast(_, mark), do: {:noreply, mark}

  defp outcome(%{state: nil}), do: {"passed", ""}
  defp outcome(%{state: {:excluded, _}}), do: nil
  defp outcome(%{state: {:skipped, _}}), do: {"ignored", ""}
  defp outcome(%{state: {:invalid, _}}), do: {"failed", "The setup of its module fails."}

  defp outcome(%{state: {:failed, failures}} = test) do
    if Enum.any?(failures, &match?({_, %{__struct__: ExUnit.TimeoutError}, _}, &1)) do
      {"endless", ""}
    else
      plain = fn
        :diff_enabled?, _ -> false
        _, text -> text
      end

      {"failed", ExUnit.Formatter.format_test_failure(test, failures, 1, 100, plain)}
    end
  end

  defp say(mark, fields) do
    IO.puts([mark, "\t", Enum.intersperse(fields, "\t")])
    {:noreply, mark}
  end

  defp hexadecimal(text), do: text |> to_string() |> Base.encode16()
end
