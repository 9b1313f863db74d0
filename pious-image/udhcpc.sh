#!/bin/sh
# What udhcpc does with a lease: address, route, name servers. Called with the event; the lease is in the environment.

case $1 in
  deconfig)
    ip addr flush dev "$interface" 2> /dev/null
    rm -f /run/ppec/network
    ;;
  bound | renew)
    address="$ip/${mask:-24}"
    # Replaced only when it changed: connections survive a renewal.
    if ! ip -o -4 addr show dev "$interface" | grep -qF " $address "; then
      ip addr flush dev "$interface" 2> /dev/null
      ip addr add "$address" ${broadcast:+broadcast "$broadcast"} dev "$interface"
    fi
    gateway=${router%% *}
    # An interface route first: a gateway may lie outside of the network (RFC 3442 has no say in that).
    if [ -n "$gateway" ]; then
      ip route replace default via "$gateway" dev "$interface" 2> /dev/null || {
        ip route replace "$gateway" dev "$interface"
        ip route replace default via "$gateway" dev "$interface"
      }
    fi
    {
      [ -n "$domain" ] && echo "search $domain"
      for server in $dns; do echo "nameserver $server"; done
    } > /etc/resolv.conf.new
    mv /etc/resolv.conf.new /etc/resolv.conf
    [ -n "$mtu" ] && ip link set "$interface" mtu "$mtu"
    echo "$interface $address${gateway:+ via $gateway}" > /run/ppec/network.new
    mv /run/ppec/network.new /run/ppec/network
    ;;
esac
exit 0
