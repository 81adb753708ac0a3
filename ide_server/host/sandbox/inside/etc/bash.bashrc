# For interactive shells; ~/.bashrc, which is /model/.bashrc, comes after it and wins.
PS1='\[\e[1;32m\]\w\[\e[0m\] $ '
PROMPT_DIRTRIM=3
# Back into the folder of that name where it is another one now, as after a remount of /model.
PROMPT_COMMAND='[ . -ef "$PWD" ] || [ ! -d "$PWD" ] || cd -- "$PWD"'
shopt -s checkwinsize histappend
HISTCONTROL=ignoreboth
HISTSIZE=5000
[ -x /usr/bin/dircolors ] && eval "$(dircolors -b)"
alias ls='ls --color=auto'
alias grep='grep --color=auto'
alias diff='diff --color=auto'
alias ll='ls -l'
