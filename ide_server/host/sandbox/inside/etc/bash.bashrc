# For interactive shells; ~/.bashrc, which is /model/.bashrc, comes after it and wins.
PS1='\[\e[1;32m\]\w\[\e[0m\] $ '
PROMPT_DIRTRIM=3
# Tells the page where prompts and output begin (OSC 133), how commands ended, and which folder this is (OSC 633).
PS1='\[\e]133;A\a\]'$PS1'\[\e]133;B\a\]'
PS0='\e]133;C\a'
__slipway_prompt() {
  local status=$? folder
  # Back into the folder of that name where it is another one now, as after a remount of /model.
  [ . -ef "$PWD" ] || [ ! -d "$PWD" ] || cd -- "$PWD"
  folder=${PWD//[[:cntrl:]]/?} folder=${folder//\\/\\\\}
  printf '\e]133;D;%s\a\e]633;P;Cwd=%s\a' "$status" "${folder//;/\\x3b}"
}
PROMPT_COMMAND=__slipway_prompt
shopt -s checkwinsize histappend
HISTCONTROL=ignoreboth
HISTSIZE=5000
[ -x /usr/bin/dircolors ] && eval "$(dircolors -b)"
alias ls='ls --color=auto'
alias grep='grep --color=auto'
alias diff='diff --color=auto'
alias ll='ls -l'
