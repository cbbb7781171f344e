# SPDX-License-Identifier: GPL-2.0
# bash completion for asymctl(8)

_asymctl_names()
{
	# One word per line; nothing if the kernel does not answer.
	asymctl "$1" show 2>/dev/null | case $1 in
	key)
		cut -d ' ' -f 1
		;;
	bind)
		cut -d ' ' -f 2 | sort -u
		;;
	esac
}

_asymctl_disks()
{
	local disk

	for disk in /sys/class/iscsi_session/session*/device/target*/*/block/*; do
		[[ -e $disk ]] && echo "/dev/${disk##*/}"
	done
}

_asymctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local object= command= words= i

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -* ]] && continue
		if [[ -z $object ]]; then
			object=${COMP_WORDS[i]}
		elif [[ -z $command ]]; then
			command=${COMP_WORDS[i]}
		fi
	done

	if [[ -z $object ]]; then
		words="key bind show check stat monitor help -j"
	elif [[ -z $command ]]; then
		case $object in
		key | bind)
			words="add del show help"
			;;
		show)
			words="disk help $(_asymctl_disks)"
			;;
		check)
			words=help
			;;
		stat)
			words="help $(asymctl stat 2>/dev/null | cut -d ' ' -f 1)"
			;;
		esac
	else
		case $object/$command/$prev in
		key/*/file)
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			compopt -o filenames
			return
			;;
		show/disk/disk)
			words=$(_asymctl_disks)
			;;
		key/*/keyring)
			words="logon: user:"
			;;
		key/*/cipher)
			words=aes-xts-plain64
			;;
		key/del*/del* | key/show/show | bind/add/key)
			words=$(_asymctl_names key)
			;;
		key/add/add)
			;;
		key/add/*)
			words="cipher keyring file stdin"
			;;
		bind/*/target | bind/*/iqn)
			words=$(_asymctl_names bind)
			;;
		bind/*/lun | bind/*/iv-offset)
			;;
		bind/*/sector-size | bind/*/block-size)
			words="512 1024 2048 4096"
			;;
		bind/add/*)
			words="target lun key plain sector-size iv-offset
				iv-large-sectors block-size"
			;;
		bind/*)
			words="target lun"
			;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _asymctl asymctl
