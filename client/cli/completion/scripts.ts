/** What a shell has to be told once; everything else it asks `ensemble complete`, with the words so far. */
export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const
export type Shell = (typeof SHELLS)[number]

export function isShell(name: string): name is Shell {
  return SHELLS.some((shell) => shell === name)
}

export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# ensemble completion bash: put  eval "$(ensemble completion bash)"  into ~/.bashrc
_ensemble() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do
    [[ $word == */ ]] && compopt -o nospace 2>/dev/null
    COMPREPLY+=("$(printf '%q' "$word")")
  done < <(ensemble complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _ensemble ensemble`,
  zsh: `#compdef ensemble
# ensemble completion zsh: put  eval "$(ensemble completion zsh)"  into ~/.zshrc, after compinit
_ensemble() {
  local -a found folders
  found=("\${(@f)$(ensemble complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  folders=("\${(@M)found:#*/}")
  found=("\${(@)found:#*/}")
  compadd -a found
  compadd -S '' -a folders
}
compdef _ensemble ensemble`,
  fish: `# ensemble completion fish: put  ensemble completion fish | source  into ~/.config/fish/config.fish
function __ensemble_complete
  set -l typed (commandline -ct)
  ensemble complete -- (commandline -opc)[2..-1] "$typed" 2>/dev/null
end
complete -c ensemble -f -a '(__ensemble_complete)'`,
  powershell: `# ensemble completion powershell: put  ensemble completion powershell | Out-String | Invoke-Expression  into $PROFILE
Register-ArgumentCompleter -Native -CommandName ensemble -ScriptBlock {
  param($word, $ast, $cursor)
  $words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($word -eq '') { $words += '""' }
  ensemble complete -- @words 2>$null | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}`,
}
