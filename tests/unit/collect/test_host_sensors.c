#include "hosttree.h"

static void chips_and_units(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(&t, "sys/devices/platform/coretemp.0/hwmon/hwmon0/name", "coretemp\n");
        tree_link(&t, "sys/devices/platform/coretemp.0/hwmon/hwmon0/device", "../../../coretemp.0");
        tree_link(&t, "sys/class/hwmon/hwmon0", "../../devices/platform/coretemp.0/hwmon/hwmon0");
        const char *const files[][2] = {
                { "temp1_input", "55500\n" },
                { "temp1_label", "Core 0\n" },
                { "temp1_crit_alarm", "0\n" },
                { "temp1_type", "4\n" },
                { "temp1_alarm", "1\n" },
                { "fan2_input", "1098\n" },
                { "fan2_pulses", "2\n" },
                { "in0_input", "792\n" },
                { "in0_beep", "1\n" },
                { "curr1_input", "1500\n" },
                { "energy1_input", "5000000\n" },
                { "power1_average", "2500000\n" },
                { "power1_average_interval", "300\n" },
                { "humidity1_input", "45000\n" },
                { "pwm1", "153\n" },
                { "pwm1_enable", "5\n" },
                { "freq1_input", "214000000\n" },
                { "freq1_label", "SCLK x\n" },
                { "freq2_input", "1\n" },
                { "vrm", "120\n" },
                { "beep_enable", "1\n" },
                { "update_interval", "2000\n" },
                { "temp9_input", "broken\n" },
                { "tempest", "1\n" },
                { "intrusion0_alarm", "1\n" },
        };
        for (size_t i = 0; i < ARRAY_LEN(files); i++)
                tree_put(&t, str_printf(t.arena, "sys/devices/platform/coretemp.0/hwmon/hwmon0/%s", files[i][0]).p,
                         files[i][1]);
        tree_gather(&t);
        assert_success(&t, "hwmon", "1");
#define CHIP "chip=\"platform_coretemp_0\",sensor="
        assert_line(&t, "node_hwmon_chip_names{chip=\"platform_coretemp_0\",chip_name=\"coretemp\"} 1");
        assert_line(&t, "node_hwmon_temp_celsius{" CHIP "\"temp1\"} 55.5");
        assert_line(&t, "node_hwmon_sensor_label{chip=\"platform_coretemp_0\",label=\"Core 0\",sensor=\"temp1\"} 1");
        assert_line(&t, "node_hwmon_temp_crit_alarm_celsius{" CHIP "\"temp1\"} 0");
        assert_line(&t, "node_hwmon_temp_type{" CHIP "\"temp1\"} 4");
        assert_line(&t, "node_hwmon_temp_alarm{" CHIP "\"temp1\"} 1");
        assert_line(&t, "node_hwmon_fan_rpm{" CHIP "\"fan2\"} 1098");
        assert_line(&t, "node_hwmon_in_volts{" CHIP "\"in0\"} 0.792");
        assert_line(&t, "node_hwmon_in_beep_enabled{" CHIP "\"in0\"} 1");
        assert_line(&t, "node_hwmon_curr_amps{" CHIP "\"curr1\"} 1.5");
        assert_line(&t, "node_hwmon_energy_joule_total{" CHIP "\"energy1\"} 5");
        assert_line(&t, "node_hwmon_power_average_watt{" CHIP "\"power1\"} 2.5");
        assert_line(&t, "node_hwmon_power_average_interval_seconds{" CHIP "\"power1\"} 0.3");
        assert_line(&t, "node_hwmon_humidity{" CHIP "\"humidity1\"} 0.045");
        assert_line(&t, "node_hwmon_pwm{" CHIP "\"pwm1\"} 153");
        assert_line(&t, "node_hwmon_freq_freq_mhz{" CHIP "\"sclk_x\"} 214");
        assert_line(&t, "node_hwmon_voltage_regulator_version{" CHIP "\"vrm0\"} 120");
        assert_line(&t, "node_hwmon_beep_enabled{" CHIP "\"beep_enable0\"} 1");
        assert_line(&t, "node_hwmon_update_interval_seconds{" CHIP "\"update_interval0\"} 2");
        assert_line(&t, "node_hwmon_intrusion_alarm{" CHIP "\"intrusion0\"} 1");
        assert_no_text(&t, "temp9");
        assert_no_text(&t, "freq2");
        tree_done(&t);
}

static void names_of_chips(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(&t, "sys/class/hwmon/hwmon1/name", "NCT-6779!\n"); /* no device */
        tree_put(&t, "sys/class/hwmon/hwmon1/temp1_input", "1000\n");
        tree_put(&t, "sys/class/hwmon/hwmon2/temp1_input", "2000\n"); /* nothing but its folder */
        for (int i = 3; i < 5; i++) {                                 /* two of one device */
                tree_put(&t, str_printf(t.arena, "sys/devices/phy/phy0/hwmon%d/name", i).p, i == 3 ? "a\n" : "b\n");
                tree_put(&t, str_printf(t.arena, "sys/devices/phy/phy0/hwmon%d/temp1_input", i).p, "3000\n");
                tree_link(&t, str_printf(t.arena, "sys/devices/phy/phy0/hwmon%d/device", i).p, "../../phy0");
                tree_link(&t, str_printf(t.arena, "sys/class/hwmon/hwmon%d", i).p,
                          str_printf(t.arena, "../../devices/phy/phy0/hwmon%d", i).p);
        }
        tree_link(&t, "sys/class/hwmon/hwmon5", "../../devices/gone");
        tree_gather(&t);
        assert_line(&t, "node_hwmon_temp_celsius{chip=\"nct_6779\",sensor=\"temp1\"} 1");
        assert_line(&t, "node_hwmon_temp_celsius{chip=\"hwmon2\",sensor=\"temp1\"} 2");
        assert_line(&t, "node_hwmon_temp_celsius{chip=\"phy_phy0_a\",sensor=\"temp1\"} 3");
        assert_line(&t, "node_hwmon_temp_celsius{chip=\"phy_phy0_b\",sensor=\"temp1\"} 3");
        assert_success(&t, "hwmon", "1");
        tree_done(&t);
}

static void thermal_zones(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(&t, "sys/class/thermal/thermal_zone0/temp", "-5000\n");
        tree_put(&t, "sys/class/thermal/thermal_zone0/type", "cpu-thermal\n");
        tree_put(&t, "sys/class/thermal/thermal_zone10/type", "off\n"); /* no reading */
        tree_put(&t, "sys/class/thermal/cooling_device0/cur_state", "1\n");
        tree_put(&t, "sys/class/thermal/cooling_device0/max_state", "3\n");
        tree_put(&t, "sys/class/thermal/cooling_device0/type", "Processor\n");
        tree_gather(&t);
        assert_success(&t, "thermal_zone", "1");
        assert_line(&t, "node_thermal_zone_temp{type=\"cpu-thermal\",zone=\"0\"} -5");
        assert_line(&t, "node_cooling_device_max_state{name=\"0\",type=\"Processor\"} 3");
        assert_no_text(&t, "zone=\"10\"");
        tree_done(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(chips_and_units), cmocka_unit_test(names_of_chips),
                                            cmocka_unit_test(thermal_zones) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
