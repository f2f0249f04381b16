# SPDX-License-Identifier: MIT
package Smokeping::probes::EchoProbe;

=head1 301 Moved Permanently

This is a Smokeping probe module. Please use the command

C<smokeping -man Smokeping::probes::EchoProbe>

to view the documentation or the command

C<smokeping -makepod Smokeping::probes::EchoProbe>

to generate the POD document.

=cut

use strict;
use warnings;
use base qw(Smokeping::probes::basefork);

my %METRICS = (rtt => 'rtt_ns', forward => 'forward_ns', backward => 'backward_ns');

sub pod_hash {
	return {
		name => <<DOC,
Smokeping::probes::EchoProbe - an echoprobe(1) probe for SmokePing
DOC
		overview => <<DOC,
Measures round-trip times with echoprobe(1) of echotimed, and delay variation of each direction where its test knows it.
DOC
		description => <<DOC,
Copy this file to the folder C<Smokeping/probes> below one of Perl's (C<perl -V> lists them). See echoprobe(1) for the
options below.
DOC
		notes => <<DOC,
The clocks of two hosts are never the same, so a direction's delay has an unknown constant in it. With C<metric = forward> or
C<backward> the graph shows how far each packet was above the fastest one of its round, which is exact.
DOC
		see_also => <<DOC,
L<Smokeping::probes::EchoPing>, which works unchanged with echoprobe's link `echoping' as its C<binary>.
DOC
	};
}

sub ProbeDesc {
	my $self = shift;
	return 'Packet tests using echoprobe(1)';
}

# The command of one round.
sub command {
	my ($self, $target) = @_;
	my $vars = $target->{vars};
	my @command = ($self->{properties}{binary}, $vars->{test} || 'echo', '--format', 'csv', '-c', $self->pings($target));

	push @command, '-W', $self->{properties}{timeout};
	for ([interval => '-i'], [size => '-s'], [port => '-p'], [dscp => '--dscp'], [source => '-I']) {
		my ($name, $option) = @$_;
		push @command, $option, $vars->{$name} if defined $vars->{$name};
	}
	push @command, "-$vars->{ipversion}" if defined $vars->{ipversion};
	return (@command, $target->{addr});
}

# The times of a round in seconds, sorted; those that are missing are the loss.
sub times_of {
	my ($self, $target, @lines) = @_;
	my $column = $METRICS{ $target->{vars}{metric} || 'rtt' };
	my (%at, @ns);

	for my $line (@lines) {
		chomp $line;
		my @fields = split /,/, $line, -1;
		if (!%at) {
			@at{@fields} = (0 .. $#fields);
			next;
		}
		next if $fields[ $at{result} ] ne 'ok';
		my $value = $fields[ $at{$column} ];
		push @ns, $value if $value ne '';
	}
	@ns = sort { $a <=> $b } @ns;
	my $least = @ns && $column ne 'rtt_ns' ? $ns[0] : 0;
	return map { sprintf '%.9e', ($_ - $least) / 1e9 } @ns;
}

sub pingone {
	my ($self, $target) = @_;
	my @command = $self->command($target);

	$self->do_debug("executing @command");
	my $pid = open(my $output, '-|', @command);
	if (!$pid) {
		$self->do_log("cannot execute $command[0]: $!");
		return;
	}
	my @lines = <$output>;
	close $output;
	# 0: all back; 1: not all; 3: none. What 2 is about it has said on standard error.
	$self->do_log("@command: exit status " . ($? >> 8)) if $? >> 8 == 2 && $self->rounds_count == 1;
	return $self->times_of($target, @lines);
}

sub probevars {
	my $class = shift;
	my $inherited = $class->SUPER::probevars;
	delete $inherited->{timeout};
	return $class->_makevars(
		$inherited,
		{
			binary => {
				_doc => 'Where echoprobe is.',
				_default => '/usr/bin/echoprobe',
				_sub => sub {
					my $value = shift;
					return -x $value ? undef : "ERROR: binary '$value' is not executable";
				},
			},
			timeout => {
				_doc => 'The C<-W> option: an answer after so many seconds is late, and counts as lost.',
				_re => '\d+',
				_default => 2,
				_example => 2,
			},
		});
}

sub targetvars {
	my $class = shift;
	return $class->_makevars(
		$class->SUPER::targetvars,
		{
			test => { _doc => 'What is tested, a name of echoprobe(1).', _re => '[a-z]+', _default => 'echo', _example => 'echo' },
			metric => {
				_doc => 'What is drawn: rtt, or the delay variation forward or backward, of tests that know it.',
				_re => 'rtt|forward|backward',
				_default => 'rtt',
				_example => 'rtt',
			},
			interval => { _doc => 'The C<-i> option.', _re => '[0-9.]+(ms|us|s|m)?', _default => '100ms', _example => '1s' },
			size => { _doc => 'The C<-s> option.', _re => '\d+', _example => 1400 },
			port => { _doc => 'The C<-p> option.', _re => '\w+', _example => 7 },
			dscp => { _doc => 'The C<--dscp> option.', _re => '\w+', _example => 'EF' },
			source => { _doc => 'The C<-I> option.', _re => '\S+', _example => 'eth0' },
			ipversion => { _doc => 'The C<-4> or C<-6> option.', _re => '[46]', _example => 6 },
		});
}

1;
